//! Partition and sort terms as text: `day(at)`, `bucket(16, id)`, `level desc nulls last`.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::spec::{PartitionTerm, SortTerm, asc, bucket, day, desc, hour, identity, month, truncate, void, year};

impl FromStr for PartitionTerm {
    type Err = Error;

    /// `day(at)`, `bucket(16, id)` or `bucket[16](id)`, `truncate(4, name)`, `identity(x)`, or the name of a column.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let Some((name, inside)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
            return Ok(identity(text));
        };
        let wrong = || Error::invalid_input(format!("`{text}` is no term like `day(at)` or `bucket(16, id)`"));
        let counted = || {
            let (count, column) = inside.split_once(',')?;
            Some((count.trim().parse::<u32>().ok()?, column.trim()))
        };
        let column = inside.trim();
        if let Some((name, count)) = name.trim().strip_suffix(']').and_then(|name| name.split_once('[')) {
            let is_counted = ["bucket", "truncate"].iter().any(|counted| name.eq_ignore_ascii_case(counted));
            let term = if is_counted { format!("{name}({count}, {column})").parse() } else { Err(wrong()) };
            return term.map_err(|_| wrong());
        }
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "identity" => identity(column),
            "year" | "years" => year(column),
            "month" | "months" => month(column),
            "day" | "days" => day(column),
            "hour" | "hours" => hour(column),
            "void" => void(column),
            "bucket" => counted().map(|(count, column)| bucket(count, column)).ok_or_else(wrong)?,
            "truncate" => counted().map(|(width, column)| truncate(width, column)).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        })
    }
}

impl FromStr for SortTerm {
    type Err = Error;

    /// A partition term, then `asc` or `desc`, then `nulls first` or `nulls last`.
    fn from_str(text: &str) -> Result<Self> {
        let mut rest = text.trim();
        let mut take = |words: &str| {
            let start = rest.len().checked_sub(words.len())?;
            let (before, found) = (rest.get(..start)?, rest.get(start..)?);
            if !found.eq_ignore_ascii_case(words) || !before.ends_with(char::is_whitespace) {
                return None;
            }
            rest = before.trim_end();
            Some(())
        };
        let nulls_first = take("nulls first").map(|()| true).or_else(|| take("nulls last").map(|()| false));
        let falls = take("desc").map(|()| true).or_else(|| take("asc").map(|()| false));
        let term: PartitionTerm = rest.parse()?;
        let term = if falls == Some(true) { desc(term) } else { asc(term) };
        Ok(match nulls_first {
            Some(true) => term.nulls_first(),
            Some(false) => term.nulls_last(),
            None => term,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_people_write_them() {
        let term = |text: &str| text.parse::<PartitionTerm>();
        assert_eq!(term("day(at)").unwrap(), day("at"));
        assert_eq!(term(" Days( a.b ) ").unwrap(), day("a.b"));
        assert_eq!(term("bucket(16, id)").unwrap(), bucket(16, "id"));
        assert_eq!(term("bucket[16](id)").unwrap(), bucket(16, "id"));
        assert_eq!(term("truncate(4,name)").unwrap(), truncate(4, "name"));
        assert_eq!(term("level").unwrap(), identity("level"));
        for wrong in ["week(at)", "bucket(id)", "bucket(x, id)", "bucket(-1, id)", "bucket[](id)", "day[1](at)"] {
            assert!(term(wrong).unwrap_err().to_string().contains(wrong), "{wrong}");
        }
        let sort = |text: &str| text.parse::<SortTerm>().unwrap();
        assert_eq!(sort("level"), asc("level"));
        assert_eq!(sort("level DESC"), desc("level"));
        assert_eq!(sort("day(at) desc nulls first"), desc(day("at")).nulls_first());
        assert_eq!(sort("asc nulls last"), asc("asc").nulls_last());
        assert_eq!(sort("desc"), asc("desc"), "a column may have that name");
    }
}
