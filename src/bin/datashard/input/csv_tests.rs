use datashard::spec::{PrimitiveType, Type};
use serde_json::{Value as Json, json};

use super::csv::{Cell, CsvReader, json};

/// A file's records, with `None` for null.
fn records(text: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    let read = || {
        let mut reader = CsvReader::new(text.as_bytes(), b',')?;
        let mut records = Vec::new();
        while reader.next()? {
            records.push(reader.cells().map(|(_, text)| text.map(str::to_owned)).collect());
        }
        Ok(records)
    };
    read().map_err(|error: datashard::Error| error.to_string())
}

fn row(cells: &[Option<&str>]) -> Vec<Option<String>> {
    cells.iter().map(|cell| cell.map(str::to_owned)).collect()
}

#[test]
fn quotes_commas_and_ends_of_lines_may_be_in_text() {
    let text = "a,b\r\n1,\"x, \"\"y\"\"\r\nz\"\r\n,\"\"\n\n\"q\",5\" disk";
    let wanted =
        [row(&[Some("1"), Some("x, \"y\"\r\nz")]), row(&[None, Some("")]), row(&[Some("q"), Some("5\" disk")])];
    assert_eq!(records(text).unwrap(), wanted);
    assert_eq!(records("a,b\n1,").unwrap(), [row(&[Some("1"), None])]);
    assert_eq!(records("a,b\n1,2").unwrap(), records("\u{feff}a,b\n1,2\n").unwrap());
    assert!(records("a,b\n").unwrap().is_empty());
}

#[test]
fn an_empty_line_is_null_where_there_is_one_column() {
    assert_eq!(records("a\n1\n\n\"\"\n").unwrap(), [row(&[Some("1")]), row(&[None]), row(&[Some("")])]);
}

#[test]
fn malformed_files_are_refused_with_their_line() {
    for (text, wanted) in [
        ("", "there is no header"),
        ("a,a\n", "line 1: two columns are named `a`"),
        ("a,b\n1,2\n3\n", "line 3: 1 values, where the header has 2"),
        ("a,b\n1,2,3\n", "line 2: 3 values"),
        ("a\n\"1\n2", "line 2: a quote is not closed"),
        ("a\n\"1\"2", "line 2: text behind a closing quote"),
    ] {
        let error = records(text).unwrap_err();
        assert!(error.contains(wanted), "{text:?}: {error}");
    }
    let error = CsvReader::new(&b"a\n\xff\n"[..], b',').unwrap().next().unwrap_err();
    assert!(error.to_string().contains("line 2: this is no UTF-8"), "{error}");
}

#[test]
fn text_is_the_value_that_its_column_s_type_gives_it() {
    use PrimitiveType::{Binary, Boolean, Double, Long, String, Timestamptz};
    let value = |of: PrimitiveType, text: &str| {
        json(Some(&Type::Primitive(of)), &Cell { text: text.to_owned(), quoted: false })
    };
    assert_eq!((value(Long, "007"), value(Long, "-5"), value(Long, "1.5")), (json!(7), json!(-5), json!("1.5")));
    assert_eq!(
        (value(Double, "0.1"), value(Double, "12"), value(Double, "NaN")),
        (json!(0.1), json!(12), json!("NaN"))
    );
    assert_eq!(value(Double, "-0").as_f64().map(f64::is_sign_negative), Some(true));
    assert_eq!((value(Boolean, "TRUE"), value(Boolean, "1")), (json!(true), json!("1")));
    assert_eq!((value(String, "5"), value(Timestamptz, "x")), (json!("5"), json!("x")));
    for of in [String, Long, Binary] {
        assert_eq!(value(of, ""), Json::Null);
    }
    let quoted = Cell { text: std::string::String::new(), quoted: true };
    assert_eq!(json(Some(&String.into()), &quoted), json!(""));
    assert_eq!(json(Some(&Long.into()), &quoted), Json::Null);
    let list = Type::list(Long);
    assert_eq!(json(Some(&list), &Cell { text: "[1,2]".into(), quoted: true }), json!([1, 2]));
}
