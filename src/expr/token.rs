use crate::error::{Error, Result};
use crate::spec::hexadecimal;

/// A word of a filter's text and where it begins, in characters from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) position: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name or a keyword, as written.
    Word(String),
    /// A name in quotation marks.
    Quoted(String),
    Text(String),
    Bytes(Vec<u8>),
    /// Digits with an optional point and exponent, without a sign.
    Number(String),
    /// One of `= != < <= > >= ( ) , . -` and `+`.
    Symbol(&'static str),
    End,
}

pub(super) fn error(position: usize, what: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!("the filter cannot be read at character {position}: {what}"))
}

/// The words of a text, with an [`Kind::End`] behind them.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut reader = Reader { rest: text, position: 1 };
    let mut all = Vec::new();
    loop {
        reader.take_while(char::is_whitespace);
        let position = reader.position;
        let kind = reader.next()?;
        let end = kind == Kind::End;
        all.push(Token { kind, position });
        if end {
            return Ok(all);
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    position: usize,
}

const SYMBOLS: [(&str, &str); 14] = [
    ("==", "="),
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("(", "("),
    (")", ")"),
    (",", ","),
    (".", "."),
    ("-", "-"),
    ("+", "+"),
];

impl<'a> Reader<'a> {
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.position += taken.chars().count();
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Result<Kind> {
        let Some(first) = self.rest.chars().next() else { return Ok(Kind::End) };
        let second = self.rest.chars().nth(1);
        match first {
            '\'' => self.quoted('\'').map(Kind::Text),
            '"' | '`' => self.quoted(first).map(Kind::Quoted),
            'x' | 'X' if second == Some('\'') => {
                let position = self.position;
                self.take(1);
                let digits = self.quoted('\'')?;
                let bytes = hexadecimal(&digits);
                bytes.map(Kind::Bytes).ok_or_else(|| error(position, "x'...' takes pairs of hexadecimal digits"))
            }
            '0'..='9' => Ok(Kind::Number(self.number())),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => Ok(Kind::Number(self.number())),
            _ if first.is_alphabetic() || first == '_' => {
                Ok(Kind::Word(self.take_while(|c| c.is_alphanumeric() || c == '_').to_owned()))
            }
            _ => {
                let found = SYMBOLS.iter().find(|(written, _)| self.rest.starts_with(written));
                let (written, meant) = found.ok_or_else(|| error(self.position, format!("`{first}` is unexpected")))?;
                self.take(written.len());
                Ok(Kind::Symbol(meant))
            }
        }
    }

    /// Between two of these marks; two in a row inside mean one.
    fn quoted(&mut self, mark: char) -> Result<String> {
        let begin = self.position;
        self.take(mark.len_utf8());
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != mark));
            if self.rest.is_empty() {
                return Err(error(begin, format!("the {mark} is never closed")));
            }
            self.take(mark.len_utf8());
            if !self.rest.starts_with(mark) {
                return Ok(text);
            }
            text.push(mark);
            self.take(mark.len_utf8());
        }
    }

    fn number(&mut self) -> String {
        let mut text = self.take_while(|c| c.is_ascii_digit()).to_owned();
        if self.rest.starts_with('.') {
            text.push_str(self.take(1));
            text.push_str(self.take_while(|c| c.is_ascii_digit()));
        }
        let mut exponent = self.rest.chars();
        if matches!(exponent.next(), Some('e' | 'E')) {
            let signed = matches!(exponent.clone().next(), Some('+' | '-'));
            if signed {
                exponent.next();
            }
            if exponent.next().is_some_and(|c| c.is_ascii_digit()) {
                text.push_str(self.take(if signed { 2 } else { 1 }));
                text.push_str(self.take_while(|c| c.is_ascii_digit()));
            }
        }
        text
    }
}
