use std::str::FromStr;

use crate::error::{Error, Result};
use crate::expr::token::{Kind, Token, error, tokens};
use crate::expr::{CompareOp, Literal, Predicate, col};
use crate::spec::parse_decimal;

/// How deep parentheses and `not` may nest.
const MAX_DEPTH: usize = 100;
/// How many conditions a text may join. For many values of one column there is `in`.
const MAX_CONDITIONS: usize = 2_000;

/// Words that are no names unless they stand in quotation marks.
pub(super) const KEYWORDS: [&str; 11] =
    ["and", "or", "not", "in", "is", "null", "nan", "between", "like", "starts_with", "true"];

/// From text: `ts >= '2026-11-01' and level in ('warn', 'error')`.
///
/// Comparisons are `= == != <> < <= > >=`, `between 1 and 5`, `in (1, 2)`, `is null`, `is nan`, `like 'abc%'` (beginnings only)
/// and `starts_with 'abc'`, with `not` before or inside; they are joined by `and`, `or`, `not` and parentheses. Keywords
/// are written in either case. Names of nested fields are joined by dots, unusual ones stand in `"..."`. Literals are
/// `'text'` (`''` is one `'`), numbers, `true`, `false`, `nan`, `infinity` and `x'0aff'` (bytes).
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) and the position of what cannot be read.
impl FromStr for Predicate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0, conditions: 0 };
        let predicate = parser.any()?;
        match parser.next() {
            Token { kind: Kind::End, .. } => Ok(predicate),
            token => Err(unexpected(&token, "`and`, `or` or the end")),
        }
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
    conditions: usize,
}

fn unexpected(token: &Token, wanted: &str) -> Error {
    let found = match &token.kind {
        Kind::Word(word) => format!("`{word}`"),
        Kind::Quoted(name) => format!("\"{name}\""),
        Kind::Text(text) => format!("'{}'", text.chars().take(40).collect::<String>()),
        Kind::Bytes(_) => "bytes".to_owned(),
        Kind::Number(number) => number.clone(),
        Kind::Symbol(symbol) => format!("`{symbol}`"),
        Kind::End => "the end".to_owned(),
    };
    error(token.position, format!("{wanted} was expected, not {found}"))
}

impl Parser {
    fn next(&mut self) -> Token {
        self.tokens.next().unwrap_or(Token { kind: Kind::End, position: 0 })
    }

    fn peek_word(&mut self, word: &str) -> bool {
        let next = self.tokens.peek().map(|token| &token.kind);
        matches!(next, Some(Kind::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_word(word);
        if found {
            self.next();
        }
        found
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found =
            self.tokens.peek().is_some_and(|token| matches!(token.kind, Kind::Symbol(found) if found == symbol));
        if found {
            self.next();
        }
        found
    }

    fn symbol(&mut self, symbol: &str) -> Result<()> {
        let token = self.next();
        match token.kind {
            Kind::Symbol(found) if found == symbol => Ok(()),
            _ => Err(unexpected(&token, &format!("`{symbol}`"))),
        }
    }

    fn any(&mut self) -> Result<Predicate> {
        let mut left = self.all()?;
        while self.take_word("or") {
            left = left.or(self.all()?);
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Predicate> {
        let mut left = self.negation()?;
        while self.take_word("and") {
            left = left.and(self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Predicate> {
        let position = self.tokens.peek().map_or(0, |token| token.position);
        self.depth += 1;
        self.check_limits(position)?;
        let predicate = if self.take_word("not") {
            self.negation()?.not()
        } else if self.take_symbol("(") {
            let inner = self.any()?;
            self.symbol(")")?;
            inner
        } else {
            self.conditions += 1;
            self.check_limits(position)?;
            self.condition()?
        };
        self.depth -= 1;
        Ok(predicate)
    }

    fn check_limits(&self, position: usize) -> Result<()> {
        if self.depth > MAX_DEPTH {
            return Err(error(position, format!("it nests deeper than {MAX_DEPTH} levels")));
        }
        if self.conditions > MAX_CONDITIONS {
            return Err(error(position, format!("it has more than {MAX_CONDITIONS} conditions")));
        }
        Ok(())
    }

    fn condition(&mut self) -> Result<Predicate> {
        if self.take_word("true") {
            return Ok(Predicate::AlwaysTrue);
        }
        if self.take_word("false") {
            return Ok(Predicate::AlwaysFalse);
        }
        if self.take_word("starts_with") {
            self.symbol("(")?;
            let name = self.name()?;
            self.symbol(",")?;
            let prefix = self.text()?;
            self.symbol(")")?;
            return Ok(col(name).starts_with(prefix));
        }
        let column = self.name()?;
        if self.take_word("is") {
            let negated = self.take_word("not");
            let token = self.next();
            return match &token.kind {
                Kind::Word(word) if word.eq_ignore_ascii_case("null") => Ok(Predicate::IsNull { column, negated }),
                Kind::Word(word) if word.eq_ignore_ascii_case("nan") => Ok(Predicate::IsNan { column, negated }),
                _ => Err(unexpected(&token, "`null` or `nan`")),
            };
        }
        let negated = self.take_word("not");
        if self.take_word("in") {
            return Ok(Predicate::In { column, literals: self.list()?, negated });
        }
        if self.take_word("between") {
            let low = self.literal()?;
            let token = self.next();
            if !matches!(&token.kind, Kind::Word(word) if word.eq_ignore_ascii_case("and")) {
                return Err(unexpected(&token, "`and`"));
            }
            let inside = col(column).between(low, self.literal()?);
            // It is written as two comparisons in parentheses, which must not be too much to be read again.
            self.conditions += 1;
            let levels = if negated { 2 } else { 1 };
            self.depth += levels;
            self.check_limits(token.position)?;
            self.depth -= levels;
            return Ok(if negated { inside.not() } else { inside });
        }
        if self.take_word("starts_with") {
            return Ok(Predicate::StartsWith { column, prefix: self.text()?, negated });
        }
        if self.take_word("like") {
            return self.like(column, negated);
        }
        let token = self.next();
        let op = match token.kind {
            Kind::Symbol("=") => CompareOp::Eq,
            Kind::Symbol("!=") => CompareOp::Ne,
            Kind::Symbol("<") => CompareOp::Lt,
            Kind::Symbol("<=") => CompareOp::Le,
            Kind::Symbol(">") => CompareOp::Gt,
            Kind::Symbol(">=") => CompareOp::Ge,
            _ => return Err(unexpected(&token, "a comparison")),
        };
        if negated {
            return Err(unexpected(&token, "`in`, `between`, `like` or `starts_with`"));
        }
        Ok(Predicate::Compare { column, op, literal: self.literal()? })
    }

    fn like(&mut self, column: String, negated: bool) -> Result<Predicate> {
        let position = self.tokens.peek().map_or(0, |token| token.position);
        let pattern = self.text()?;
        let (prefix, open) = match pattern.strip_suffix('%') {
            Some(prefix) => (prefix.to_owned(), true),
            None => (pattern, false),
        };
        if prefix.contains(['%', '_', '\\']) {
            return Err(error(position, "`like` takes beginnings only, as in 'abc%'"));
        }
        Ok(match (open, negated) {
            (true, _) => Predicate::StartsWith { column, prefix, negated },
            (false, false) => col(column).eq(prefix),
            (false, true) => col(column).ne(prefix),
        })
    }

    fn name(&mut self) -> Result<String> {
        let mut name = String::new();
        loop {
            let token = self.next();
            match &token.kind {
                Kind::Quoted(part) => name.push_str(part),
                Kind::Word(word) if !name.is_empty() || !is_keyword(word) => name.push_str(word),
                _ => return Err(unexpected(&token, "a column")),
            }
            if !self.take_symbol(".") {
                return Ok(name);
            }
            name.push('.');
        }
    }

    fn text(&mut self) -> Result<String> {
        let token = self.next();
        match token.kind {
            Kind::Text(text) => Ok(text),
            _ => Err(unexpected(&token, "a text in '...'")),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>> {
        self.symbol("(")?;
        let mut literals = Vec::new();
        if self.take_symbol(")") {
            return Ok(literals);
        }
        loop {
            literals.push(self.literal()?);
            let token = self.next();
            match token.kind {
                Kind::Symbol(",") => {}
                Kind::Symbol(")") => return Ok(literals),
                _ => return Err(unexpected(&token, "`,` or `)`")),
            }
        }
    }

    fn literal(&mut self) -> Result<Literal> {
        let negative = self.take_symbol("-");
        if !negative {
            self.take_symbol("+");
        }
        let token = self.next();
        match (&token.kind, negative) {
            (Kind::Number(digits), _) => {
                let sign = if negative { "-" } else { "" };
                number(&format!("{sign}{digits}"))
                    .ok_or_else(|| error(token.position, "the number has too many digits"))
            }
            (Kind::Word(word), _) if ["inf", "infinity"].iter().any(|inf| word.eq_ignore_ascii_case(inf)) => {
                Ok(Literal::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }))
            }
            (Kind::Word(word), false) if word.eq_ignore_ascii_case("nan") => Ok(Literal::Float(f64::NAN)),
            (Kind::Word(word), false) if word.eq_ignore_ascii_case("true") => Ok(Literal::Boolean(true)),
            (Kind::Word(word), false) if word.eq_ignore_ascii_case("false") => Ok(Literal::Boolean(false)),
            (Kind::Word(word), false) if word.eq_ignore_ascii_case("null") => {
                Err(error(token.position, "nothing is equal to null: write `is null`"))
            }
            (Kind::Text(text), false) => Ok(Literal::String(text.clone())),
            (Kind::Bytes(bytes), false) => Ok(Literal::Bytes(bytes.clone())),
            _ => Err(unexpected(&token, "a literal")),
        }
    }
}

/// Whole numbers are integers, those with a point are decimals, those with an exponent floating-point numbers.
fn number(text: &str) -> Option<Literal> {
    if text.contains(['e', 'E']) {
        return text.parse().ok().map(Literal::Float);
    }
    let (unscaled, scale) = parse_decimal(text)?;
    Some(match text.contains('.') {
        false => Literal::Integer(unscaled),
        true => Literal::Decimal { unscaled, scale: u8::try_from(scale).ok()? },
    })
}

pub(super) fn is_keyword(word: &str) -> bool {
    word.eq_ignore_ascii_case("false") || KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
