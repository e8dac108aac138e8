use proptest::prelude::*;

use crate::s3::Element;
use crate::s3::xml::escape_text;

#[test]
fn text_is_read_with_its_entities_and_sections_and_without_prefixes() {
    let xml = "\u{feff}<?xml version=\"1.0\"?>\n<!-- c --><n:R xmlns:n='u' a='b'><n:Key> a &lt;&amp;&#x65e5;&#10;<![CDATA[<x>]]> </n:Key><E/></n:R>";
    let root = Element::parse(xml.as_bytes()).unwrap();
    assert_eq!((root.name.as_str(), root.children.len()), ("R", 2));
    assert_eq!(root.text_of("Key"), Some(" a <&日\n<x> "));
    assert_eq!(root.text_of("E"), Some(""));
    assert_eq!(root.text_of("None"), None);
}

#[test]
fn hostile_documents_are_errors() {
    let deep = "<a>".repeat(1_000_000);
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>";
    let cases: [&[u8]; 12] = [
        b"",
        b"text",
        b"<a>",
        b"</a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>&unknown;</a>",
        b"<a>&#x110000;</a>",
        b"<a>\xff</a>",
        b"{\"json\": 1}",
        deep.as_bytes(),
        bomb.as_bytes(),
    ];
    for xml in cases {
        assert!(Element::parse(xml).is_err(), "{}", String::from_utf8_lossy(&xml[..xml.len().min(40)]));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Element::parse(&bytes);
    }

    #[test]
    fn escaped_text_is_read_back(text in "[ -~\r\n\tü日😀&<>\"']{0,40}") {
        let root = Element::parse(format!("<a>{}</a>", escape_text(&text)).as_bytes()).unwrap();
        prop_assert_eq!(root.text, text);
    }
}
