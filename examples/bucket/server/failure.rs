use datashard::{Error, ErrorKind};
use s3s::{S3Error, S3ErrorCode};

/// A store's error in S3's words.
pub(super) fn failure(error: Error) -> S3Error {
    let code = match error.kind() {
        ErrorKind::NotFound => S3ErrorCode::NoSuchKey,
        ErrorKind::InvalidInput => S3ErrorCode::InvalidArgument,
        ErrorKind::PermissionDenied => S3ErrorCode::AccessDenied,
        ErrorKind::Unsupported => S3ErrorCode::NotImplemented,
        ErrorKind::Unavailable => S3ErrorCode::ServiceUnavailable,
        ErrorKind::Conflict => S3ErrorCode::PreconditionFailed,
        _ => S3ErrorCode::InternalError,
    };
    S3Error::with_message(code, error.to_string())
}
