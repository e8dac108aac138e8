use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::spec::{NestedField, Schema, ordered};

impl Schema {
    /// A field at any depth by its full name. Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if there is none.
    pub(crate) fn column(&self, name: &str) -> Result<&NestedField> {
        self.field_by_name(name).ok_or_else(|| unknown_column(self, name))
    }
}

/// The error about a column that is not there, with the names that come closest.
fn unknown_column(schema: &Schema, name: &str) -> Error {
    let wanted = name.to_lowercase();
    let names = schema.walk().into_iter().map(|(name, _)| (distance(&wanted, &name.to_lowercase()), name));
    let close: BTreeSet<(usize, String)> =
        ordered(names.filter(|(distance, other)| {
            *distance <= 2.max(other.len() / 3) && *distance < other.len().min(name.len())
        }));
    let close: Vec<String> = close.into_iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
    let hint = if close.is_empty() { String::new() } else { format!("; did you mean {}?", close.join(" or ")) };
    Error::invalid_input(format!("the table has no column `{name}`{hint}"))
}

/// Levenshtein's distance, on beginnings of at most 64 characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = usize::from(x != *y);
            let best = (diagonal + cost).min(above + 1).min(left + 1);
            diagonal = *above;
            left = best;
            next.push(best);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
