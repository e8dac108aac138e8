use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::spec::Schema;

/// For creating a table: Iceberg's JSON of a schema, in which ids may be left out, as they are assigned anew.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on JSON that is none, and with
/// [`Unsupported`](crate::ErrorKind::Unsupported) on identifier fields.
impl TryFrom<Json> for Schema {
    type Error = Error;

    fn try_from(mut json: Json) -> Result<Self> {
        let malformed = |why: &str| Error::invalid_input(format!("the schema is malformed: {why}"));
        if json.get("fields").is_none() {
            return Err(malformed("an object {fields: [...]} is wanted"));
        }
        if json.get("identifier-field-ids").and_then(Json::as_array).is_some_and(|ids| !ids.is_empty()) {
            return Err(Error::unsupported("creating a table with identifier fields"));
        }
        if let Some(map) = json.as_object_mut() {
            map.entry("type").or_insert_with(|| "struct".into());
        }
        // The table numbers the fields anew, so that any ids do that differ from each other.
        number(&mut json, &mut 0);
        let given = Self::from_json(json, String::new()).map_err(|error| malformed(error.message()))?;
        Self::new(given.fields().to_vec())
    }
}

/// As deep as JSON is parsed.
fn number(json: &mut Json, last: &mut i32) {
    let mut next = || {
        *last = last.saturating_add(1);
        Json::from(*last)
    };
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| number(item, last)),
        Json::Object(map) => {
            let kind = map.get("type").and_then(Json::as_str).unwrap_or_default();
            let ids: &[&str] = match kind {
                "list" => &["element-id"],
                "map" => &["key-id", "value-id"],
                _ if map.contains_key("name") => &["id"],
                _ => &[],
            };
            for id in ids {
                map.insert((*id).to_owned(), next());
            }
            for part in ["fields", "type", "element", "key", "value"] {
                if let Some(inner) = map.get_mut(part) {
                    number(inner, last);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ErrorKind;
    use crate::spec::{NestedField, PrimitiveType, Type};

    #[test]
    fn a_schema_is_read_with_and_without_ids_and_comes_back() {
        let fields = json!([
            {"name": "id", "type": "long", "required": true},
            {"name": "tags", "type": {"type": "list", "element": "string", "element-required": false}},
        ]);
        let wanted = Schema::new([
            NestedField::required("id", PrimitiveType::Long),
            NestedField::optional("tags", Type::list(PrimitiveType::String)),
        ]);
        let wanted = wanted.unwrap();
        assert_eq!(Schema::try_from(json!({"fields": fields})).unwrap(), wanted);
        assert_eq!(Schema::try_from(wanted.to_json()).unwrap(), wanted);
        for wrong in [json!(5), json!({}), json!({"fields": [{"name": "x"}]}), json!({"fields": [], "type": "list"})] {
            assert_eq!(Schema::try_from(wrong).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        let keyed = json!({"fields": fields, "identifier-field-ids": [1]});
        assert_eq!(Schema::try_from(keyed).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
