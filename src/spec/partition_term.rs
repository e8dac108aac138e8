use crate::error::{Error, Result};
use crate::spec::{PrimitiveType, Schema, Transform, Type};

/// What a table is partitioned or sorted by: a column's values, or what a transform makes of them. From text it is the
/// column of that name itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionTerm {
    column: String,
    transform: Transform,
    name: Option<String>,
}

/// The values of a column themselves.
pub fn identity(column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Identity)
}

/// A hash of a column's values into this many buckets: 1 to 2147483647 of them.
pub fn bucket(count: u32, column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Bucket(count))
}

/// Text and bytes cut to so many characters or bytes, numbers rounded down to multiples: of 1 to 2147483647.
pub fn truncate(width: u32, column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Truncate(width))
}

/// The year of a date or timestamp.
pub fn year(column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Year)
}

/// The month of a date or timestamp.
pub fn month(column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Month)
}

/// The day of a date or timestamp.
pub fn day(column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Day)
}

/// The hour of a timestamp.
pub fn hour(column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Hour)
}

/// Null for every row: what version 1 of the format has in the place of a partition field that was removed.
pub fn void(column: impl Into<String>) -> PartitionTerm {
    term(column.into(), Transform::Void)
}

fn term(column: String, transform: Transform) -> PartitionTerm {
    PartitionTerm { column, transform, name: None }
}

impl PartitionTerm {
    /// The same under this name. Otherwise it is the column's and the transform's: `ts_day`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The full name of the column.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// What is made of its values.
    pub fn transform(&self) -> &Transform {
        &self.transform
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of a partition field that was not given one, as other writers have it. They tell the number of buckets
    /// only in specs that follow on others.
    pub(super) fn default_name(&self, with_number: bool) -> String {
        let column = &self.column;
        match (&self.transform, with_number) {
            (Transform::Identity, _) => column.clone(),
            (Transform::Bucket(count), true) => format!("{column}_bucket_{count}"),
            (Transform::Bucket(_), false) => format!("{column}_bucket"),
            (Transform::Truncate(width), true) => format!("{column}_trunc_{width}"),
            (Transform::Truncate(_), false) => format!("{column}_trunc"),
            (Transform::Void, _) => format!("{column}_null"),
            (other, _) => format!("{column}_{other}"),
        }
    }

    /// The id of the column, if the transform is for its values.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) also if a row has any number of the column's values.
    pub(super) fn source(&self, schema: &Schema) -> Result<i32> {
        let Self { column, transform, .. } = self;
        let wrong = |what: String| Err(Error::invalid_input(format!("column `{column}`: {what}")));
        let field = schema.column(column)?;
        let Some(primitive) = field.field_type.as_primitive() else {
            return wrong(format!("{transform} is for single values, and its type is {}", field.field_type));
        };
        if !transform.is_for(primitive) {
            return wrong(format!("{transform} is not for values of type {primitive}"));
        }
        let around = schema.walk().into_iter().map(|(_, outer)| &outer.field_type);
        if around.filter(|outer| outer.holds(field.id)).any(|outer| !matches!(outer, Type::Struct(_))) {
            return wrong(format!("{transform} is for single values, and a row has any number of these"));
        }
        Ok(field.id)
    }
}

impl<N: Into<String>> From<N> for PartitionTerm {
    fn from(column: N) -> Self {
        identity(column)
    }
}

impl Transform {
    /// Whether it makes something of values of this type.
    pub fn is_for(&self, primitive: PrimitiveType) -> bool {
        use PrimitiveType::{
            Binary, Boolean, Date, Decimal, Double, Float, Int, Long, String, Timestamp, TimestampNs, Timestamptz,
            TimestamptzNs,
        };
        let is_time = matches!(primitive, Timestamp | Timestamptz | TimestampNs | TimestamptzNs);
        match self {
            Self::Identity | Self::Void => true,
            Self::Bucket(count) => in_range(*count) && !matches!(primitive, Boolean | Float | Double),
            Self::Truncate(width) => {
                in_range(*width) && matches!(primitive, Int | Long | Decimal { .. } | String | Binary)
            }
            Self::Year | Self::Month | Self::Day => is_time || primitive == Date,
            Self::Hour => is_time,
            Self::Unknown(_) => false,
        }
    }
}

fn in_range(number: u32) -> bool {
    (1..=0x7fff_ffff).contains(&number)
}
