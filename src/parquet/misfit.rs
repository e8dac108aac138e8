use std::fmt::Display;

use arrow_array::Array;
use arrow_buffer::NullBuffer;

use crate::error::Error;

/// Why a batch does not fit: where, and what.
#[derive(Debug)]
pub(crate) struct Misfit {
    row: Option<usize>,
    path: Vec<String>,
    what: String,
}

pub(crate) type Fit<T> = Result<T, Misfit>;

impl Misfit {
    /// About a column as a whole.
    pub(crate) fn column(what: impl Into<String>) -> Self {
        Self { row: None, path: Vec::new(), what: what.into() }
    }

    /// About the value of one row.
    pub(crate) fn row(row: usize, what: impl Into<String>) -> Self {
        Self { row: Some(row), path: Vec::new(), what: what.into() }
    }

    /// A value that its type cannot hold.
    pub(crate) fn value(row: usize, value: impl Display, wanted: impl Display) -> Self {
        Self::row(row, format!("{value} does not fit type {wanted} exactly"))
    }

    /// The same, seen from the field that holds it.
    pub(crate) fn inside(mut self, field: &str) -> Self {
        self.path.push(field.to_owned());
        self
    }

    /// The same, with the row of an element turned into the row of its list.
    pub(crate) fn at(mut self, row_of: impl FnOnce(usize) -> usize) -> Self {
        self.row = self.row.map(row_of);
        self
    }

    pub(crate) fn into_error(mut self) -> Error {
        self.path.reverse();
        let mut place = self.row.map(|row| format!("row {row}")).unwrap_or_default();
        if !self.path.is_empty() {
            let separator = if place.is_empty() { "" } else { ", " };
            place = format!("{place}{separator}column `{}`", self.path.join("."));
        }
        let separator = if place.is_empty() { "" } else { ": " };
        Error::invalid_input(format!("{place}{separator}{}", self.what))
    }
}

/// Which rows hold a value: neither null themselves nor inside of something null.
pub(crate) fn live(array: &dyn Array, parents: Option<&NullBuffer>) -> Option<NullBuffer> {
    NullBuffer::union(array.logical_nulls().as_ref(), parents)
}

/// The first row that is null although nothing around it is.
pub(crate) fn first_null(array: &dyn Array, parents: Option<&NullBuffer>) -> Option<usize> {
    let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0)?;
    (0..array.len()).find(|row| nulls.is_null(*row) && parents.is_none_or(|parents| parents.is_valid(*row)))
}
