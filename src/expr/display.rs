use std::fmt::{self, Display, Formatter};

use crate::expr::parse::is_keyword;
use crate::expr::{CompareOp, Literal, Predicate};
use crate::spec::Value;
use crate::spec::time_text::{format_date, format_date_time, format_time};

/// As text that [`FromStr`](std::str::FromStr) reads back.
impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlwaysTrue => f.write_str("true"),
            Self::AlwaysFalse => f.write_str("false"),
            Self::And(..) | Self::Or(..) => chain(self, f),
            // No more parentheses than needed: the reader counts how deep they nest.
            Self::Not(inner) if matches!(**inner, Self::And(..) | Self::Or(..)) => write!(f, "not ({inner})"),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::Compare { column, op, literal } => write!(f, "{} {op} {literal}", Name(column)),
            Self::In { column, literals, negated } => {
                write!(f, "{} {}in (", Name(column), not(*negated))?;
                for (position, literal) in literals.iter().enumerate() {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(f, "{separator}{literal}")?;
                }
                f.write_str(")")
            }
            Self::IsNull { column, negated } => write!(f, "{} is {}null", Name(column), not(*negated)),
            Self::IsNan { column, negated } => write!(f, "{} is {}nan", Name(column), not(*negated)),
            Self::StartsWith { column, prefix, negated } => {
                write!(f, "{} {}starts_with {}", Name(column), not(*negated), Text(prefix))
            }
        }
    }
}

/// The operands of a chain that leans to the left, as it was written; others in parentheses.
fn chain(predicate: &Predicate, f: &mut Formatter<'_>) -> fmt::Result {
    let is_and = matches!(predicate, Predicate::And(..));
    let (mut first, mut rest) = (predicate, Vec::new());
    loop {
        match first {
            Predicate::And(left, right) if is_and => (first, _) = (left.as_ref(), rest.push(right.as_ref())),
            Predicate::Or(left, right) if !is_and => (first, _) = (left.as_ref(), rest.push(right.as_ref())),
            _ => break,
        }
    }
    operand(first, is_and, f)?;
    for next in rest.into_iter().rev() {
        f.write_str(if is_and { " and " } else { " or " })?;
        // A chain on the right was in parentheses, or it would lean to the left.
        operand(next, true, f)?;
    }
    Ok(())
}

fn operand(predicate: &Predicate, in_and: bool, f: &mut Formatter<'_>) -> fmt::Result {
    let bare = match predicate {
        Predicate::Or(..) => !in_and,
        Predicate::And(..) => !in_and,
        _ => true,
    };
    if bare { predicate.fmt(f) } else { write!(f, "({predicate})") }
}

fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) if value.is_nan() => f.write_str("nan"),
            Self::Float(value) if value.is_infinite() => {
                f.write_str(if *value < 0.0 { "-infinity" } else { "infinity" })
            }
            Self::Float(value) => write!(f, "{value:e}"),
            Self::Decimal { unscaled, scale } => decimal(*unscaled, *scale, f),
            Self::String(text) => Text(text).fmt(f),
            Self::Bytes(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
            Self::Value(value) => Self::from(value).fmt(f),
        }
    }
}

/// The untyped literal that means the same to a column of the value's type.
impl From<&Value> for Literal {
    fn from(value: &Value) -> Self {
        let time = |nanos: i128, zone: &str| Literal::String(format!("{}{zone}", format_date_time(nanos)));
        match value {
            Value::Boolean(value) => Literal::Boolean(*value),
            Value::Int(value) => Literal::Integer((*value).into()),
            Value::Long(value) => Literal::Integer((*value).into()),
            Value::Float(value) => Literal::Float((*value).into()),
            Value::Double(value) => Literal::Float(*value),
            Value::Decimal { unscaled, scale } => Literal::Decimal { unscaled: *unscaled, scale: *scale },
            Value::Date(days) => Literal::String(format_date(*days)),
            Value::Time(micros) => Literal::String(format_time(micros.saturating_mul(1_000))),
            Value::Timestamp(micros) => time(i128::from(*micros) * 1_000, ""),
            Value::Timestamptz(micros) => time(i128::from(*micros) * 1_000, "Z"),
            Value::TimestampNs(nanos) => time((*nanos).into(), ""),
            Value::TimestamptzNs(nanos) => time((*nanos).into(), "Z"),
            Value::String(text) => Literal::String(text.clone()),
            Value::Uuid(uuid) => Literal::Bytes(uuid.to_be_bytes().to_vec()),
            Value::Fixed(bytes) | Value::Binary(bytes) => Literal::Bytes(bytes.clone()),
        }
    }
}

/// With a point even if nothing follows it: without one it would be an integer.
fn decimal(unscaled: i128, scale: u8, f: &mut Formatter<'_>) -> fmt::Result {
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - usize::from(scale)).unwrap_or((&digits, ""));
    write!(f, "{}{whole}.{fraction}", if unscaled < 0 { "-" } else { "" })
}

struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

/// A column's name, in quotation marks if it would not be read as one name.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain = |part: &str| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !is_keyword(part)
        };
        if self.0.split('.').all(plain) {
            f.write_str(self.0)
        } else {
            write!(f, "\"{}\"", self.0.replace('"', "\"\""))
        }
    }
}
