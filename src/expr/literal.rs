use crate::error::{Error, Result};
use crate::expr::bind::Test;
use crate::expr::{CompareOp, Literal};
use crate::spec::time_text::{parse_date, parse_date_time, parse_time};
use crate::spec::{Place, PrimitiveType, Value, parse_decimal, parse_uuid};

/// A test of a column of this type that holds for exactly the values for which the comparison with the literal holds,
/// whether or not the type can hold the literal itself.
pub(super) fn compare(column: &str, primitive: PrimitiveType, op: CompareOp, literal: &Literal) -> Result<Test> {
    let wrong = || {
        let text: String = literal.to_string().chars().take(60).collect();
        Error::invalid_input(format!("column `{column}` is of type {primitive}, which {text} cannot be compared with"))
    };
    Ok(match coerce(primitive, literal).ok_or_else(wrong)? {
        Coerced::Exactly(value) if value.is_nan() => match op {
            CompareOp::Ne => Test::NotNull,
            _ => Test::Never,
        },
        Coerced::Exactly(value) => Test::Compare(op, value),
        Coerced::After(below) => match op {
            CompareOp::Lt | CompareOp::Le => Test::Compare(CompareOp::Le, below),
            CompareOp::Gt | CompareOp::Ge => Test::Compare(CompareOp::Gt, below),
            CompareOp::Eq => Test::Never,
            CompareOp::Ne => Test::NotNull,
        },
        Coerced::BelowAll => match op {
            CompareOp::Gt | CompareOp::Ge => ordered(primitive),
            CompareOp::Ne => Test::NotNull,
            CompareOp::Lt | CompareOp::Le | CompareOp::Eq => Test::Never,
        },
        Coerced::AboveAll => match op {
            CompareOp::Lt | CompareOp::Le => ordered(primitive),
            CompareOp::Ne => Test::NotNull,
            CompareOp::Gt | CompareOp::Ge | CompareOp::Eq => Test::Never,
        },
    })
}

/// What every value satisfies that can be compared at all.
fn ordered(primitive: PrimitiveType) -> Test {
    match primitive {
        PrimitiveType::Float | PrimitiveType::Double => Test::NotNan,
        _ => Test::NotNull,
    }
}

/// A literal as a value of a type, or its place among the values.
#[derive(Debug)]
enum Coerced {
    Exactly(Value),
    /// Greater than this value and less than the next one.
    After(Value),
    BelowAll,
    AboveAll,
}

/// `None`: the literal has nothing to do with the type.
fn coerce(primitive: PrimitiveType, literal: &Literal) -> Option<Coerced> {
    if let Literal::Value(value) = literal {
        return coerce(primitive, &value.into());
    }
    match primitive {
        PrimitiveType::Boolean => match literal {
            Literal::Boolean(value) => Some(Coerced::Exactly(Value::Boolean(*value))),
            _ => None,
        },
        PrimitiveType::Int => {
            let place = number(literal, 0)?.within(i32::MIN.into(), i32::MAX.into());
            placed(place, |value| i32::try_from(value).ok().map(Value::Int))
        }
        PrimitiveType::Long => {
            let place = number(literal, 0)?.within(i64::MIN.into(), i64::MAX.into());
            placed(place, |value| i64::try_from(value).ok().map(Value::Long))
        }
        PrimitiveType::Decimal { scale, .. } => {
            placed(number(literal, scale.into())?, |unscaled| Some(Value::Decimal { unscaled, scale }))
        }
        PrimitiveType::Float => float(literal, f64::from(f32::MAX), |value| Value::Float(value as f32)),
        PrimitiveType::Double => float(literal, f64::MAX, Value::Double),
        PrimitiveType::Date => match literal {
            Literal::String(text) => parse_date(text.trim()).map(|days| Coerced::Exactly(Value::Date(days))),
            _ => None,
        },
        PrimitiveType::Time => match literal {
            Literal::String(text) => units(parse_time(text.trim())?.into(), 1_000, Value::Time),
            _ => None,
        },
        PrimitiveType::Timestamp => units(local(literal)?, 1_000, Value::Timestamp),
        PrimitiveType::TimestampNs => units(local(literal)?, 1, Value::TimestampNs),
        PrimitiveType::Timestamptz => units(instant(literal)?, 1_000, Value::Timestamptz),
        PrimitiveType::TimestamptzNs => units(instant(literal)?, 1, Value::TimestamptzNs),
        PrimitiveType::String => match literal {
            Literal::String(text) => Some(Coerced::Exactly(Value::String(text.clone()))),
            _ => None,
        },
        PrimitiveType::Uuid => match literal {
            Literal::String(text) => parse_uuid(text.trim()).map(|uuid| Coerced::Exactly(Value::Uuid(uuid))),
            Literal::Bytes(bytes) => {
                let bytes = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
                Some(Coerced::Exactly(Value::Uuid(u128::from_be_bytes(bytes))))
            }
            _ => None,
        },
        PrimitiveType::Fixed(_) => match literal {
            Literal::Bytes(bytes) => Some(Coerced::Exactly(Value::Fixed(bytes.clone()))),
            _ => None,
        },
        PrimitiveType::Binary => match literal {
            Literal::Bytes(bytes) => Some(Coerced::Exactly(Value::Binary(bytes.clone()))),
            _ => None,
        },
    }
}

fn number(literal: &Literal, scale: u32) -> Option<Place> {
    match literal {
        Literal::Integer(value) => Some(Place::of_decimal(*value, 0, scale)),
        Literal::Decimal { unscaled, scale: from } => Some(Place::of_decimal(*unscaled, (*from).into(), scale)),
        Literal::Float(value) if !value.is_nan() => Some(Place::of_float(*value, scale)),
        Literal::String(text) if scale > 0 => {
            let (unscaled, from) = parse_decimal(text.trim())?;
            Some(Place::of_decimal(unscaled, from, scale))
        }
        _ => None,
    }
}

fn placed(place: Place, value: impl Fn(i128) -> Option<Value>) -> Option<Coerced> {
    Some(match place {
        Place::Exactly(number) => Coerced::Exactly(value(number)?),
        Place::After(number) => Coerced::After(value(number)?),
        Place::Below => Coerced::BelowAll,
        Place::Above => Coerced::AboveAll,
    })
}

/// Numbers with a point mean the nearest number of the column's type; whole numbers mean exactly themselves.
fn float(literal: &Literal, max: f64, value: impl Fn(f64) -> Value) -> Option<Coerced> {
    let exact = match literal {
        Literal::Integer(integer) => return whole(*integer, &value),
        Literal::Decimal { unscaled, scale } => format!("{unscaled}e-{scale}").parse().ok()?,
        Literal::Float(float) => *float,
        Literal::String(text) if text.trim().eq_ignore_ascii_case("nan") => f64::NAN,
        _ => return None,
    };
    // A finite number beyond a type's largest is less than its infinity.
    Some(if exact.is_finite() && exact > max {
        Coerced::After(value(max))
    } else if exact.is_finite() && exact < -max {
        Coerced::After(value(f64::NEG_INFINITY))
    } else {
        Coerced::Exactly(value(exact))
    })
}

fn whole(integer: i128, value: &impl Fn(f64) -> Value) -> Option<Coerced> {
    let made = value(integer as f64);
    let nearest = match made {
        Value::Float(float) => f64::from(float),
        Value::Double(float) => float,
        _ => return None,
    };
    // Numbers beyond 2^126 are multiples of powers of two and come back as they are, or saturate at the largest.
    let back = nearest as i128;
    Some(match integer.cmp(&back) {
        std::cmp::Ordering::Equal => Coerced::Exactly(made),
        std::cmp::Ordering::Greater => Coerced::After(made),
        std::cmp::Ordering::Less => Coerced::After(match made {
            Value::Float(float) => Value::Float(float.next_down()),
            _ => Value::Double(nearest.next_down()),
        }),
    })
}

fn units(nanos: i128, unit: i128, value: impl Fn(i64) -> Value) -> Option<Coerced> {
    let (count, rest) = (nanos.div_euclid(unit), nanos.rem_euclid(unit));
    let place = if rest == 0 { Place::Exactly(count) } else { Place::After(count) };
    placed(place.within(i64::MIN.into(), i64::MAX.into()), |count| i64::try_from(count).ok().map(&value))
}

fn local(literal: &Literal) -> Option<i128> {
    let Literal::String(text) = literal else { return None };
    parse_date_time(text.trim()).filter(|time| !time.has_offset).map(|time| time.nanos)
}

/// Without an offset the text is taken for UTC, as Iceberg stores it.
fn instant(literal: &Literal) -> Option<i128> {
    let Literal::String(text) = literal else { return None };
    parse_date_time(text.trim()).map(|time| time.nanos)
}
