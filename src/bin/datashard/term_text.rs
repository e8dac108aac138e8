//! How rows are divided and sorted, as text: `day(at), bucket[16](id)`.

use std::str::FromStr;

use datashard::spec::{
    NullOrder, PartitionSpec, PartitionTerm, Schema, SortDirection, SortOrder, SortTerm, Transform, asc, bucket, day,
    desc, hour, identity, month, truncate, void, year,
};
use datashard::{Error, ErrorKind, Result};

/// Terms with commas between them.
pub(crate) fn parse<T: FromStr<Err = Error>>(text: &str) -> Result<Vec<T>> {
    let (mut depth, mut begin, mut terms) = (0_i32, 0, Vec::new());
    let parts = text.char_indices().filter(|(_, c)| matches!(c, '(' | ')' | ',')).chain([(text.len(), ',')]);
    for (at, c) in parts {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 => {
                let term = text.get(begin..at).unwrap_or_default().trim();
                terms.push(term.parse()?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    Ok(terms)
}

/// The terms that a spec was made of.
pub(crate) fn of_partition(spec: &PartitionSpec, schema: &Schema) -> Result<Vec<PartitionTerm>> {
    let term =
        |field: &datashard::spec::PartitionField| Ok(of(field.source_id, &field.transform, schema)?.named(&field.name));
    spec.fields.iter().map(term).collect()
}

/// The terms that an order was made of.
pub(crate) fn of_order(order: &SortOrder, schema: &Schema) -> Result<Vec<SortTerm>> {
    let term = |field: &datashard::spec::SortField| {
        let term = of(field.source_id, &field.transform, schema)?;
        let term = if field.direction == SortDirection::Ascending { asc(term) } else { desc(term) };
        Ok(if field.null_order == NullOrder::First { term.nulls_first() } else { term.nulls_last() })
    };
    order.fields.iter().map(term).collect()
}

/// What rows are divided by, as text.
pub(crate) fn partition_text(spec: &PartitionSpec, schema: &Schema) -> String {
    let term = |field: &datashard::spec::PartitionField| text(field.source_id, &field.transform, schema);
    spec.fields.iter().map(term).collect::<Vec<_>>().join(", ")
}

/// What rows are sorted by, as text.
pub(crate) fn order_text(order: &SortOrder, schema: &Schema) -> String {
    let term = |field: &datashard::spec::SortField| {
        let direction = if field.direction == SortDirection::Ascending { "asc" } else { "desc" };
        let nulls = if field.null_order == NullOrder::First { "first" } else { "last" };
        format!("{} {direction} nulls {nulls}", text(field.source_id, &field.transform, schema))
    };
    order.fields.iter().map(term).collect::<Vec<_>>().join(", ")
}

fn text(source_id: i32, transform: &Transform, schema: &Schema) -> String {
    let column = schema.name_of(source_id).unwrap_or_else(|| format!("(dropped, id {source_id})"));
    if *transform == Transform::Identity { column } else { format!("{transform}({column})") }
}

fn of(source_id: i32, transform: &Transform, schema: &Schema) -> Result<PartitionTerm> {
    let refuse = |what: String| Error::new(ErrorKind::Unsupported, what);
    let column = schema.name_of(source_id);
    let column = column.ok_or_else(|| refuse(format!("{transform} of the column {source_id}, which is gone")))?;
    Ok(match transform {
        Transform::Identity => identity(column),
        Transform::Bucket(count) => bucket(*count, column),
        Transform::Truncate(width) => truncate(*width, column),
        Transform::Year => year(column),
        Transform::Month => month(column),
        Transform::Day => day(column),
        Transform::Hour => hour(column),
        Transform::Void => void(column),
        Transform::Unknown(name) => return Err(refuse(format!("the transform `{name}`"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_divided_by_commas_outside_of_parentheses() {
        let terms = parse::<PartitionTerm>("day(at), bucket(16, id),truncate[4](name), level").unwrap();
        assert_eq!(terms, [day("at"), bucket(16, "id"), truncate(4, "name"), identity("level")]);
        assert_eq!(parse::<SortTerm>("day(at) desc, id").unwrap(), [desc(day("at")), asc("id")]);
        assert!(parse::<PartitionTerm>("week(at)").is_err());
    }
}
