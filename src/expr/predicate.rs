use crate::spec::Value;

/// A condition on rows, by column names.
///
/// Null satisfies [`is_null`](Column::is_null) and no other test. NaN satisfies `ne`, `not_in` and `is_nan`; it is neither
/// equal to nor smaller nor larger than anything. -0.0 equals 0.0.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Every row.
    AlwaysTrue,
    /// No row.
    AlwaysFalse,
    /// Rows that satisfy both.
    And(Box<Predicate>, Box<Predicate>),
    /// Rows that satisfy at least one.
    Or(Box<Predicate>, Box<Predicate>),
    /// The opposite test, by De Morgan down to the columns: `not x < 5` is `x >= 5`, so that null and NaN, which satisfy
    /// neither, are left out of both.
    Not(Box<Predicate>),
    /// A comparison of a column with a literal.
    Compare {
        /// The column's full name, nested names joined by dots.
        column: String,
        /// How.
        op: CompareOp,
        /// With what.
        literal: Literal,
    },
    /// Whether a column's value is among those given.
    In {
        /// The column's full name.
        column: String,
        /// The values.
        literals: Vec<Literal>,
        /// True for "is not among".
        negated: bool,
    },
    /// Whether a column is null.
    IsNull {
        /// The column's full name.
        column: String,
        /// True for "is not null".
        negated: bool,
    },
    /// Whether a column is NaN.
    IsNan {
        /// The column's full name.
        column: String,
        /// True for "is not NaN" (null is neither).
        negated: bool,
    },
    /// Whether a text begins with another.
    StartsWith {
        /// The column's full name.
        column: String,
        /// The beginning.
        prefix: String,
        /// True for "does not begin with".
        negated: bool,
    },
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

/// A value in a predicate. It takes the column's type when the predicate meets a schema: numbers whatever their type,
/// text also for dates, times, timestamps, decimals and UUIDs.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i128),
    /// A binary floating-point number.
    Float(f64),
    /// A decimal number.
    Decimal {
        /// The number times 10 to the power of `scale`.
        unscaled: i128,
        /// Digits after the point.
        scale: u8,
    },
    /// Text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A value of a table's type.
    Value(Value),
}

/// A column, to be tested: `col("level").eq("error")`. Names of nested fields are joined by dots.
pub fn col(name: impl Into<String>) -> Column {
    Column { name: name.into() }
}

/// A column of a predicate being written.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
}

impl Column {
    fn compare(self, op: CompareOp, literal: impl Into<Literal>) -> Predicate {
        Predicate::Compare { column: self.name, op, literal: literal.into() }
    }

    /// Equal to a value.
    pub fn eq(self, literal: impl Into<Literal>) -> Predicate {
        self.compare(CompareOp::Eq, literal)
    }

    /// Not null and not equal to a value.
    pub fn ne(self, literal: impl Into<Literal>) -> Predicate {
        self.compare(CompareOp::Ne, literal)
    }

    /// Less than a value.
    pub fn lt(self, literal: impl Into<Literal>) -> Predicate {
        self.compare(CompareOp::Lt, literal)
    }

    /// Less than or equal to a value.
    pub fn le(self, literal: impl Into<Literal>) -> Predicate {
        self.compare(CompareOp::Le, literal)
    }

    /// Greater than a value.
    pub fn gt(self, literal: impl Into<Literal>) -> Predicate {
        self.compare(CompareOp::Gt, literal)
    }

    /// Greater than or equal to a value.
    pub fn ge(self, literal: impl Into<Literal>) -> Predicate {
        self.compare(CompareOp::Ge, literal)
    }

    /// Equal to one of the values.
    pub fn is_in<L: Into<Literal>>(self, literals: impl IntoIterator<Item = L>) -> Predicate {
        Predicate::In { column: self.name, literals: literals.into_iter().map(Into::into).collect(), negated: false }
    }

    /// Not null and equal to none of the values.
    pub fn not_in<L: Into<Literal>>(self, literals: impl IntoIterator<Item = L>) -> Predicate {
        Predicate::In { column: self.name, literals: literals.into_iter().map(Into::into).collect(), negated: true }
    }

    /// From one value to another, both included.
    pub fn between(self, low: impl Into<Literal>, high: impl Into<Literal>) -> Predicate {
        self.clone().ge(low).and(self.le(high))
    }

    /// Null.
    pub fn is_null(self) -> Predicate {
        Predicate::IsNull { column: self.name, negated: false }
    }

    /// Not null.
    pub fn is_not_null(self) -> Predicate {
        Predicate::IsNull { column: self.name, negated: true }
    }

    /// NaN.
    pub fn is_nan(self) -> Predicate {
        Predicate::IsNan { column: self.name, negated: false }
    }

    /// Neither null nor NaN.
    pub fn is_not_nan(self) -> Predicate {
        Predicate::IsNan { column: self.name, negated: true }
    }

    /// Text that begins so.
    pub fn starts_with(self, prefix: impl Into<String>) -> Predicate {
        Predicate::StartsWith { column: self.name, prefix: prefix.into(), negated: false }
    }

    /// Text, not null, that does not begin so.
    pub fn not_starts_with(self, prefix: impl Into<String>) -> Predicate {
        Predicate::StartsWith { column: self.name, prefix: prefix.into(), negated: true }
    }
}

impl Predicate {
    /// The condition that every row satisfies.
    pub fn always_true() -> Self {
        Self::AlwaysTrue
    }

    /// The condition that no row satisfies.
    pub fn always_false() -> Self {
        Self::AlwaysFalse
    }

    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    /// At least one of the conditions.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// See [`Predicate::Not`].
    #[must_use]
    #[allow(clippy::should_implement_trait)]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl std::ops::Not for Predicate {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

macro_rules! integers {
    ($($native:ty)*) => {
        $(impl From<$native> for Literal {
            fn from(value: $native) -> Self {
                Self::Integer(value.into())
            }
        })*
    };
}
integers!(i8 i16 i32 i64 i128 u8 u16 u32 u64);

impl From<f32> for Literal {
    fn from(value: f32) -> Self {
        Self::Float(value.into())
    }
}

impl From<f64> for Literal {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<&str> for Literal {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Literal {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<&[u8]> for Literal {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for Literal {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Value> for Literal {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}
