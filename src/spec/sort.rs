use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::spec::json::Fields;
use crate::spec::partition::{source_and_transform, sources};
use crate::spec::{PartitionTerm, Schema, TableMetadata, Transform};

/// How rows are sorted within files (spec: Sorting).
#[derive(Clone, Debug, PartialEq)]
pub struct SortOrder {
    /// The id of this order among those of its table; 0 is unsorted.
    pub order_id: i32,
    /// By what, the first before those behind it.
    pub fields: Vec<SortField>,
    pub(crate) extra: Map<String, Json>,
}

/// One of the values that rows are sorted by.
#[derive(Clone, Debug, PartialEq)]
pub struct SortField {
    /// The column that it is made from; 0 if they are several.
    pub source_id: i32,
    /// How it is made.
    pub transform: Transform,
    /// Whether values rise or fall.
    pub direction: SortDirection,
    /// Where nulls are, whatever the direction.
    pub null_order: NullOrder,
    pub(crate) extra: Map<String, Json>,
}

/// Whether values rise or fall from row to row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortDirection {
    /// They rise.
    Ascending,
    /// They fall.
    Descending,
}

/// Where nulls are among sorted rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullOrder {
    /// Before all values.
    First,
    /// Behind all values.
    Last,
}

/// A column or what a transform makes of it, to sort by.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "it sorts nothing by itself"]
pub struct SortTerm {
    term: PartitionTerm,
    direction: SortDirection,
    null_order: NullOrder,
}

/// Rising values, nulls first: `asc("id")`, `asc(day("ts"))`.
pub fn asc(term: impl Into<PartitionTerm>) -> SortTerm {
    SortTerm { term: term.into(), direction: SortDirection::Ascending, null_order: NullOrder::First }
}

/// Falling values, nulls last.
pub fn desc(term: impl Into<PartitionTerm>) -> SortTerm {
    SortTerm { term: term.into(), direction: SortDirection::Descending, null_order: NullOrder::Last }
}

impl SortTerm {
    /// The same with nulls before all values.
    pub fn nulls_first(mut self) -> Self {
        self.null_order = NullOrder::First;
        self
    }

    /// The same with nulls behind all values.
    pub fn nulls_last(mut self) -> Self {
        self.null_order = NullOrder::Last;
        self
    }
}

impl SortOrder {
    /// An order of these columns' rows; none of no terms.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a column that is not there or not of a type that the
    /// transform is for, and on a term that is there twice.
    pub fn new(schema: &Schema, terms: impl IntoIterator<Item = SortTerm>) -> Result<Self> {
        let mut fields: Vec<SortField> = Vec::new();
        for SortTerm { term, direction, null_order } in terms {
            let (source_id, transform) = (term.source(schema)?, term.transform().clone());
            if fields.iter().any(|field| field.source_id == source_id && field.transform == transform) {
                let message = format!("column `{}`: rows are sorted by its {transform} twice", term.column());
                return Err(Error::invalid_input(message));
            }
            fields.push(SortField { source_id, transform, direction, null_order, extra: Map::new() });
        }
        Ok(Self { order_id: i32::from(!fields.is_empty()), fields, extra: Map::new() })
    }

    /// The order of rows that are in none.
    pub fn unsorted() -> Self {
        Self { order_id: 0, fields: Vec::new(), extra: Map::new() }
    }

    /// Whether rows are in no order.
    pub fn is_unsorted(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        Ok(Self {
            order_id: fields.i32("order-id")?,
            fields: fields.items("fields", SortField::from_json)?,
            extra: fields.rest(),
        })
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        map.insert("order-id".into(), self.order_id.into());
        map.insert("fields".into(), self.fields.iter().map(SortField::to_json).collect());
        Json::Object(map)
    }
}

impl SortField {
    /// The columns that it is made from: one, or several of a transform that is not known.
    pub(crate) fn sources(&self) -> Vec<i32> {
        sources(self.source_id, &self.extra)
    }

    fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let (source_id, transform) = source_and_transform(&mut fields)?;
        let wrong = |fields: &Fields, name: &str, found: &str| {
            Error::invalid_data(format!("field `{}`: `{found}` is not known", fields.name(name)))
        };
        let direction = fields.string("direction")?;
        let direction = match direction.to_ascii_lowercase().as_str() {
            "asc" => SortDirection::Ascending,
            "desc" => SortDirection::Descending,
            _ => return Err(wrong(&fields, "direction", &direction)),
        };
        let null_order = fields.string("null-order")?;
        let null_order = match null_order.to_ascii_lowercase().as_str() {
            "nulls-first" => NullOrder::First,
            "nulls-last" => NullOrder::Last,
            _ => return Err(wrong(&fields, "null-order", &null_order)),
        };
        Ok(Self { source_id, transform, direction, null_order, extra: fields.rest() })
    }

    fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        if self.source_id != 0 {
            map.insert("source-id".into(), self.source_id.into());
        }
        let direction = if self.direction == SortDirection::Ascending { "asc" } else { "desc" };
        let null_order = if self.null_order == NullOrder::First { "nulls-first" } else { "nulls-last" };
        let more = [
            ("transform", self.transform.to_string()),
            ("direction", direction.into()),
            ("null-order", null_order.into()),
        ];
        map.extend(more.map(|(name, text)| (name.to_owned(), json!(text))));
        Json::Object(map)
    }
}

impl TableMetadata {
    /// The order that writers sort rows in.
    pub fn sort_order(&self) -> Result<&Arc<SortOrder>> {
        let id = self.default_sort_order_id;
        let found = self.sort_orders.iter().find(|order| order.order_id == id);
        found.ok_or_else(|| Error::invalid_data(format!("there is no sort order with the id {id}")))
    }

    /// The columns that writers sort by.
    pub(super) fn sort_sources(&self) -> Vec<i32> {
        self.sort_order().into_iter().flat_map(|order| &order.fields).flat_map(SortField::sources).collect()
    }

    /// Makes this the order that writers use: one that the table has already if its fields are the same, else a new one,
    /// whatever its id says. Files stay as they are.
    pub(crate) fn set_sort_order(&mut self, mut order: SortOrder) -> Result<()> {
        let known = self.sort_orders.iter().find(|known| known.fields == order.fields).map(|known| known.order_id);
        self.default_sort_order_id = match known {
            Some(id) => id,
            None => {
                // 0 means unsorted, and nothing else.
                let last = self.sort_orders.iter().map(|order| order.order_id).max().unwrap_or(0).max(0);
                let next = if order.is_unsorted() { Some(0) } else { last.checked_add(1) };
                let next = next.ok_or_else(|| Error::invalid_data("the table has no sort order ids left"))?;
                order.order_id = next;
                self.sort_orders.push(order.into());
                next
            }
        };
        Ok(())
    }
}
