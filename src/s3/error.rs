use http::header::{DATE, HeaderMap};

use crate::error::{Error, ErrorKind};
use crate::runtime::Timestamp;
use crate::s3::{Element, http_date, iso8601};

/// A request that the store answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    status: u16,
    code: String,
    message: String,
    hint: Option<String>,
    server_time: Option<Timestamp>,
}

impl ServiceError {
    /// An error with these words.
    pub fn new(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: clean(code), message: clean(message), hint: None, server_time: None }
    }

    /// Reads an answer. Without a body that S3 would send (a HEAD has none), the status tells the code.
    pub fn from_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut error = match Element::parse(body) {
            Ok(root) if root.name == "Error" => Self::from_xml(status, &root),
            // STS wraps it once more.
            Ok(root) if root.child("Error").is_some() => Self::from_xml(status, root.child("Error").unwrap_or(&root)),
            _ => Self::new(status, code_of(status), ""),
        };
        error.hint = error.hint.or_else(|| text("x-amz-bucket-region").map(clean));
        error.server_time = error.server_time.or_else(|| text(DATE.as_str()).and_then(http_date));
        error
    }

    /// From an `Error` element.
    pub(crate) fn from_xml(status: u16, error: &Element) -> Self {
        let code = error.text_of("Code").filter(|code| !code.is_empty()).unwrap_or_else(|| code_of(status));
        let mut parsed = Self::new(status, code, error.text_of("Message").unwrap_or_default());
        parsed.hint = error.text_of("Region").or_else(|| error.text_of("Endpoint")).map(clean);
        parsed.server_time = error.text_of("ServerTime").and_then(iso8601);
        parsed
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// S3's name of the error: `NoSuchKey`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The store's clock when it answered, if it said so.
    pub fn server_time(&self) -> Option<Timestamp> {
        self.server_time
    }

    /// Whether the credentials are to be asked for again: these have ended, or are no longer known.
    pub fn is_stale_credentials(&self) -> bool {
        matches!(self.code.as_str(), "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "InvalidToken")
            || self.code == "InvalidAccessKeyId"
    }

    /// Whether it passes by itself although the status does not say so.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.code.as_str(),
            "SlowDown"
                | "InternalError"
                | "ServiceUnavailable"
                | "RequestTimeout"
                | "Busy"
                | "OperationAborted"
                | "ConditionalRequestConflict"
                | "RequestLimitExceeded"
                | "Throttling"
                | "ThrottlingException"
                | "IDPCommunicationError"
        )
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self.code.as_str() {
            "QuotaExceeded" | "XMinioStorageFull" | "InsufficientStorage" | "InsufficientCapacity" => {
                ErrorKind::Unavailable
            }
            "NotImplemented" | "MethodNotAllowed" | "InvalidObjectState" => ErrorKind::Unsupported,
            "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" => ErrorKind::InvalidInput,
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "InvalidToken" => {
                ErrorKind::PermissionDenied
            }
            _ if self.is_transient() => ErrorKind::Unavailable,
            _ => match self.status {
                404 | 410 => ErrorKind::NotFound,
                401 | 403 | 407 => ErrorKind::PermissionDenied,
                405 | 501 => ErrorKind::Unsupported,
                412 => ErrorKind::Conflict,
                408 | 409 | 425 | 429 | 500.. => ErrorKind::Unavailable,
                _ if self.code == "AccessDenied" => ErrorKind::PermissionDenied,
                _ => ErrorKind::InvalidInput,
            },
        }
    }

    /// The error for the caller, whose message says what to do where that is known.
    pub fn into_error(self) -> Error {
        let kind = self.kind();
        let advice = match self.code.as_str() {
            "NoSuchBucket" => "the bucket does not exist",
            "NoSuchKey" => "there is no such object",
            "NotFound" => "there is no such object, or no such bucket",
            "AccessDenied" | "Forbidden" => "the store denies access: these credentials may not do this here",
            "SignatureDoesNotMatch" => "the store rejects the signature: check the secret key (and the endpoint)",
            "InvalidAccessKeyId" => "the store does not know this access key",
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => "the credentials have expired",
            "InvalidToken" => "the store rejects the session token",
            "RequestTimeTooSkewed" => "this machine's clock is wrong, and the store's could not be learnt",
            "SlowDown" | "TooManyRequests" => "the store is overloaded and asks to slow down",
            "NotImplemented" | "MethodNotAllowed" => "the store does not support this request",
            "EntityTooLarge" => "the object is larger than the store takes at once",
            "QuotaExceeded" | "XMinioStorageFull" | "InsufficientStorage" | "InsufficientCapacity" => {
                "the bucket or its store is full"
            }
            "InvalidObjectState" => "the object is archived and has to be restored before it can be read",
            "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" => {
                "the bucket is in another region or at another endpoint than was set"
            }
            _ => "the store answered with an error",
        };
        let mut message = format!("{advice} ({} {}", self.status, self.code);
        if let Some(hint) = self.hint.filter(|hint| !hint.is_empty() && kind == ErrorKind::InvalidInput) {
            message.push_str(&format!(", {hint}"));
        }
        message.push(')');
        if !self.message.is_empty() {
            message.push_str(&format!(": {}", self.message));
        }
        Error::new(kind, message)
    }
}

fn code_of(status: u16) -> &'static str {
    match status {
        301 | 308 => "PermanentRedirect",
        302 | 303 | 307 => "TemporaryRedirect",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        409 => "OperationAborted",
        412 => "PreconditionFailed",
        413 => "EntityTooLarge",
        416 => "InvalidRange",
        429 => "TooManyRequests",
        501 => "NotImplemented",
        503 => "ServiceUnavailable",
        507 => "InsufficientStorage",
        _ => "Unknown",
    }
}

/// Words of the store, fit to be shown: bounded, in one line, without a full stop.
fn clean(text: &str) -> String {
    let text: String = text.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().trim_end_matches('.').to_owned()
}
