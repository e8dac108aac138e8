use http::HeaderMap;

use super::allocations::within;
use crate::s3::{Element, ServiceError, http_date, iso8601, response};
use crate::write::ipc_to_batches;

/// Each kind of answer, and the dates in them.
pub fn s3_xml(bytes: &[u8]) {
    within(bytes, 300, 64 << 10, || {
        let _ = Element::parse(bytes);
        let _ = response::list_objects(bytes);
        let _ = response::delete_objects(bytes);
        let _ = response::create_multipart_upload(bytes);
        let _ = response::complete_multipart_upload(bytes);
        let error = ServiceError::from_answer(400, &HeaderMap::new(), bytes);
        assert!(!error.into_error().to_string().is_empty());
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (http_date(text), iso8601(text));
        if let Ok(value) = text.parse() {
            let names = [http::header::CONTENT_RANGE, http::header::CONTENT_LENGTH, http::header::LAST_MODIFIED];
            let _ = response::object_head(&HeaderMap::from_iter(
                names.map(|name| (name, http::HeaderValue::clone(&value))),
            ));
        }
    }
}

/// Whatever is accepted is sound: Arrow's other code relies on it.
pub fn arrow_ipc(bytes: &[u8]) {
    let Ok(batches) = within(bytes, 300, 1 << 20, || ipc_to_batches(bytes.to_vec())) else { return };
    for column in batches.iter().flat_map(|batch| batch.columns()) {
        column.to_data().validate_full().expect("sound arrays");
    }
}
