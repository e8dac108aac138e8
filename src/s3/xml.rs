use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

use crate::error::{Error, Result};

/// No answer of S3 nests deeper than five.
const DEEPEST: usize = 16;

/// An element of an XML answer: its name without a prefix, its own text, and its children. Attributes are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name, without a namespace's prefix.
    pub name: String,
    /// The text directly inside, with entities resolved.
    pub text: String,
    /// The elements directly inside, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// The root element of a document. Fails if it is not well-formed, nests too deeply, or declares a document type
    /// (whose entities could expand without end).
    pub fn parse(xml: &[u8]) -> Result<Self> {
        let xml = std::str::from_utf8(xml).map_err(|_| bad("is not UTF-8"))?;
        let mut reader = Reader::from_str(xml.trim_start_matches('\u{feff}').trim_start());
        reader.config_mut().expand_empty_elements = true;
        // The last of these is open; the first collects the root.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|_| bad("is not well-formed"))? {
                Event::Start(start) => {
                    if open.len() > DEEPEST {
                        return Err(bad("nests too deeply"));
                    }
                    open.push(Self { name: start.local_name().as_ref().to_owned(), ..Self::default() });
                }
                Event::End(_) => {
                    let closed = open.pop().unwrap_or_default();
                    open.last_mut().ok_or_else(|| bad("is not well-formed"))?.children.push(closed);
                }
                Event::Text(text) => push(&mut open, &text.xml10_content()),
                Event::CData(text) => push(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    match reference.resolve_char_ref().map_err(|_| bad("is not well-formed"))? {
                        Some(character) => push(&mut open, character.encode_utf8(&mut [0; 4])),
                        None => push(
                            &mut open,
                            resolve_predefined_entity(&reference).ok_or_else(|| bad("has an unknown entity"))?,
                        ),
                    }
                }
                Event::DocType(_) => return Err(bad("declares a document type")),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => {}
                Event::Eof => break,
            }
        }
        let mut roots = match (open.pop(), open.is_empty()) {
            (Some(document), true) => document.children.into_iter(),
            _ => return Err(bad("ends too early")),
        };
        match (roots.next(), roots.next()) {
            (Some(root), None) => Ok(root),
            _ => Err(bad("does not have one root")),
        }
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// As [`text_of`](Self::text_of), where the answer is useless without it.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.text_of(name).ok_or_else(|| bad(&format!("has a {} without {name}", self.name)))
    }
}

/// Text for the inside of an element. Line ends are escaped too, since parsers normalise them.
pub(crate) fn escape_text(text: &str) -> String {
    escape(text).replace('\r', "&#13;").replace('\n', "&#10;")
}

/// Whether XML 1.0 can say this text at all.
pub(crate) fn is_expressible(text: &str) -> bool {
    !text.chars().any(|c| (c < ' ' && !"\t\r\n".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn bad(what: &str) -> Error {
    Error::invalid_data(format!("the store's XML answer {what}"))
}
