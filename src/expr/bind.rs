use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::expr::literal;
use crate::expr::{CompareOp, Literal, Predicate};
use crate::spec::{PrimitiveType, Schema, Type, Value};

/// How deep a predicate may nest.
pub(crate) const MAX_DEPTH: usize = 200;

/// A condition on the rows of one schema: columns by field id, literals of the columns' types, no negations left.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundPredicate {
    /// Every row.
    AlwaysTrue,
    /// No row.
    AlwaysFalse,
    /// Rows that satisfy all.
    And(Vec<BoundPredicate>),
    /// Rows that satisfy at least one.
    Or(Vec<BoundPredicate>),
    /// Rows whose column satisfies a test.
    Column(BoundColumn, Test),
}

/// A column of a bound predicate.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundColumn {
    /// The field id.
    pub id: i32,
    /// The full name, for messages.
    pub name: String,
    /// The type; `None` for structs, lists and maps, which are tested for null only.
    pub primitive: Option<PrimitiveType>,
}

/// A test of one value. Null satisfies [`IsNull`](Test::IsNull) only.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Nothing satisfies it. Bound predicates do not contain it: they are [`AlwaysFalse`](BoundPredicate::AlwaysFalse).
    Never,
    /// Null.
    IsNull,
    /// Not null.
    NotNull,
    /// NaN.
    IsNan,
    /// Neither null nor NaN.
    NotNan,
    /// Compared with a value of the column's type, never a NaN.
    Compare(CompareOp, Value),
    /// Among these: at least two, distinct, in ascending order.
    In(Vec<Value>),
    /// Not null and not among these: at least two, distinct, in ascending order.
    NotIn(Vec<Value>),
    /// Text that begins so.
    StartsWith(String),
    /// Text that does not begin so.
    NotStartsWith(String),
}

impl Predicate {
    /// Binds the predicate to a schema.
    ///
    /// Literals that a column's type cannot hold keep their meaning: `x > 1.5` on a `long` is `x >= 2`, a comparison with a
    /// number beyond the type is true or false as a whole. Text is read as a date, time, timestamp, decimal or UUID where
    /// the column is one; without an offset it means UTC in a `timestamptz` column, and with one it is refused in a
    /// `timestamp` column.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a column that the schema does not have or a literal that cannot be
    /// compared with it.
    pub fn bind(&self, schema: &Schema) -> Result<BoundPredicate> {
        bind(self, schema, false, 0)
    }
}

fn bind(predicate: &Predicate, schema: &Schema, negated: bool, depth: usize) -> Result<BoundPredicate> {
    if depth > MAX_DEPTH {
        return Err(Error::invalid_input(format!("the filter nests deeper than {MAX_DEPTH} levels")));
    }
    match predicate {
        Predicate::AlwaysTrue => Ok(constant(!negated)),
        Predicate::AlwaysFalse => Ok(constant(negated)),
        Predicate::Not(inner) => bind(inner, schema, !negated, depth + 1),
        Predicate::And(..) | Predicate::Or(..) => {
            let is_and = matches!(predicate, Predicate::And(..));
            let mut parts = Vec::new();
            flatten(predicate, is_and, &mut parts);
            let parts = parts.into_iter().map(|part| bind(part, schema, negated, depth + 1));
            let parts = parts.collect::<Result<Vec<_>>>()?;
            Ok(if is_and == negated { any(parts) } else { all(parts) })
        }
        Predicate::Compare { column, op, literal } => {
            let (bound, primitive) = primitive_column(schema, column)?;
            let op = if negated { op.opposite() } else { *op };
            Ok(test(bound, literal::compare(column, primitive, op, literal)?))
        }
        Predicate::In { column, literals, negated: own } => {
            let (bound, primitive) = primitive_column(schema, column)?;
            let test = among(column, primitive, literals, *own != negated)?;
            Ok(self::test(bound, test))
        }
        Predicate::IsNull { column, negated: own } => {
            let test = if *own != negated { Test::NotNull } else { Test::IsNull };
            Ok(self::test(find(schema, column)?, test))
        }
        Predicate::IsNan { column, negated: own } => {
            let (bound, primitive) = primitive_column(schema, column)?;
            if !matches!(primitive, PrimitiveType::Float | PrimitiveType::Double) {
                return Err(Error::invalid_input(format!(
                    "column `{column}` is of type {primitive}, which has no NaN"
                )));
            }
            Ok(test(bound, if *own != negated { Test::NotNan } else { Test::IsNan }))
        }
        Predicate::StartsWith { column, prefix, negated: own } => {
            let (bound, primitive) = primitive_column(schema, column)?;
            if primitive != PrimitiveType::String {
                return Err(Error::invalid_input(format!("column `{column}` is of type {primitive}, not text")));
            }
            Ok(test(
                bound,
                match (prefix.is_empty(), *own != negated) {
                    (true, false) => Test::NotNull,
                    (true, true) => Test::Never,
                    (false, false) => Test::StartsWith(prefix.clone()),
                    (false, true) => Test::NotStartsWith(prefix.clone()),
                },
            ))
        }
    }
}

/// The operands of a chain of the same operator, however it leans, without recursion on its length.
fn flatten<'a>(predicate: &'a Predicate, is_and: bool, into: &mut Vec<&'a Predicate>) {
    let mut open = vec![predicate];
    while let Some(next) = open.pop() {
        match next {
            Predicate::And(left, right) if is_and => open.extend([right.as_ref(), left.as_ref()]),
            Predicate::Or(left, right) if !is_and => open.extend([right.as_ref(), left.as_ref()]),
            other => into.push(other),
        }
    }
}

fn constant(value: bool) -> BoundPredicate {
    if value { BoundPredicate::AlwaysTrue } else { BoundPredicate::AlwaysFalse }
}

fn test(column: BoundColumn, test: Test) -> BoundPredicate {
    match test {
        Test::Never => BoundPredicate::AlwaysFalse,
        test => BoundPredicate::Column(column, test),
    }
}

/// All of them.
pub(crate) fn all(parts: Vec<BoundPredicate>) -> BoundPredicate {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            BoundPredicate::AlwaysTrue => {}
            BoundPredicate::AlwaysFalse => return BoundPredicate::AlwaysFalse,
            BoundPredicate::And(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    single(kept, BoundPredicate::AlwaysTrue, BoundPredicate::And)
}

/// At least one of them.
pub(crate) fn any(parts: Vec<BoundPredicate>) -> BoundPredicate {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            BoundPredicate::AlwaysFalse => {}
            BoundPredicate::AlwaysTrue => return BoundPredicate::AlwaysTrue,
            BoundPredicate::Or(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    single(kept, BoundPredicate::AlwaysFalse, BoundPredicate::Or)
}

fn single(
    mut parts: Vec<BoundPredicate>,
    none: BoundPredicate,
    many: impl FnOnce(Vec<BoundPredicate>) -> BoundPredicate,
) -> BoundPredicate {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, None) => none,
        (_, Some(last)) => {
            parts.push(last);
            many(parts)
        }
    }
}

fn among(column: &str, primitive: PrimitiveType, literals: &[Literal], negated: bool) -> Result<Test> {
    let mut values = Vec::new();
    for literal in literals {
        // What the type cannot hold, no value is equal to.
        if let Test::Compare(_, value) = literal::compare(column, primitive, CompareOp::Eq, literal)? {
            values.push(value);
        }
    }
    values.sort_by(|a, b| a.compare(b).unwrap_or(Ordering::Equal));
    values.dedup_by(|a, b| a.compare(b) == Some(Ordering::Equal));
    let only = if values.len() == 1 { values.pop() } else { None };
    Ok(match (only, values.is_empty(), negated) {
        (Some(value), _, false) => Test::Compare(CompareOp::Eq, value),
        (Some(value), _, true) => Test::Compare(CompareOp::Ne, value),
        (None, true, false) => Test::Never,
        (None, true, true) => Test::NotNull,
        (None, false, false) => Test::In(values),
        (None, false, true) => Test::NotIn(values),
    })
}

fn primitive_column(schema: &Schema, name: &str) -> Result<(BoundColumn, PrimitiveType)> {
    let column = find(schema, name)?;
    match column.primitive {
        Some(primitive) => Ok((column, primitive)),
        None => {
            Err(Error::invalid_input(format!("column `{name}` is no single value: it can be tested for null only")))
        }
    }
}

fn find(schema: &Schema, name: &str) -> Result<BoundColumn> {
    let field = schema.column(name)?;
    let inside = schema
        .walk()
        .into_iter()
        .any(|(_, outer)| matches!(outer.field_type, Type::List(_) | Type::Map(_)) && outer.field_type.holds(field.id));
    if inside {
        return Err(Error::invalid_input(format!(
            "column `{name}` is inside of a list or map: a row has any number of its values"
        )));
    }
    Ok(BoundColumn { id: field.id, name: name.to_owned(), primitive: field.field_type.as_primitive() })
}

impl BoundPredicate {
    /// The columns that it tests.
    pub fn field_ids(&self) -> BTreeSet<i32> {
        let mut ids = BTreeSet::new();
        let mut open = vec![self];
        while let Some(next) = open.pop() {
            match next {
                Self::AlwaysTrue | Self::AlwaysFalse => {}
                Self::And(parts) | Self::Or(parts) => open.extend(parts),
                Self::Column(column, _) => {
                    ids.insert(column.id);
                }
            }
        }
        ids
    }
}
