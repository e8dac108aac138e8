use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::spec::PrimitiveType;

/// How a partition value is made from a column's (spec: Partition Transforms).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Transform {
    /// The value itself.
    Identity,
    /// A hash into this many buckets.
    Bucket(u32),
    /// The value cut to a width.
    Truncate(u32),
    /// Years since 1970.
    Year,
    /// Months since January 1970.
    Month,
    /// Days since 1970-01-01.
    Day,
    /// Hours since 1970-01-01T00.
    Hour,
    /// Always null.
    Void,
    /// A transform of a later version: readable, never written.
    Unknown(String),
}

impl Transform {
    /// The type of the partition values for a column of type `source`; `None` if the transform is unknown.
    pub fn result_type(&self, source: PrimitiveType) -> Option<PrimitiveType> {
        match self {
            Self::Identity | Self::Truncate(_) | Self::Void => Some(source),
            Self::Bucket(_) | Self::Year | Self::Month | Self::Hour => Some(PrimitiveType::Int),
            Self::Day => Some(PrimitiveType::Date),
            Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Bucket(n) => write!(f, "bucket[{n}]"),
            Self::Truncate(width) => write!(f, "truncate[{width}]"),
            Self::Year => f.write_str("year"),
            Self::Month => f.write_str("month"),
            Self::Day => f.write_str("day"),
            Self::Hour => f.write_str("hour"),
            Self::Void => f.write_str("void"),
            Self::Unknown(name) => f.write_str(name),
        }
    }
}

impl FromStr for Transform {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let argument = |prefix: &str| {
            let number = text.strip_prefix(prefix)?.strip_suffix(']')?;
            Some(number.parse::<u32>().ok().filter(|n| (1..=0x7fff_ffff).contains(n)))
        };
        Ok(match text.to_ascii_lowercase().as_str() {
            "identity" => Self::Identity,
            "year" | "years" => Self::Year,
            "month" | "months" => Self::Month,
            "day" | "days" => Self::Day,
            "hour" | "hours" => Self::Hour,
            "void" => Self::Void,
            _ => {
                let wrong = || Error::invalid_data(format!("`{text}` is not a valid transform"));
                if let Some(n) = argument("bucket[") {
                    Self::Bucket(n.ok_or_else(wrong)?)
                } else if let Some(n) = argument("truncate[") {
                    Self::Truncate(n.ok_or_else(wrong)?)
                } else {
                    Self::Unknown(text.to_owned())
                }
            }
        })
    }
}
