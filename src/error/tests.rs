use super::*;

#[test]
fn display_shows_context_message_and_causes_in_this_order() {
    let error = Error::invalid_data("field `location` is missing")
        .caused_by(std::fmt::Error)
        .context("reading v3.metadata.json");
    assert_eq!(
        error.to_string(),
        "reading v3.metadata.json: field `location` is missing: an error occurred when formatting an argument"
    );
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn an_error_is_one_pointer_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
