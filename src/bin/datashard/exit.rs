use std::io::{self, Write};
use std::process::ExitCode;

use datashard::{Error, ErrorKind};
use serde_json::json;

/// What `--help` says of exit codes.
pub(crate) const CODES: &str = "Exit codes:
   0  done
   1  not confirmed, or a check has found a problem
   2  invalid-input         the arguments, or the rows, are wrong: correct them
   3  not-found             no such table, snapshot, branch, file or bucket
   4  already-exists        there is a table of this name
   5  invalid-data          the table is damaged
   6  unsupported           this version or the store cannot do it
   7  permission-denied     credentials are missing, wrong or insufficient
   8  conflict              other writers were first; nothing was changed
   9  unavailable           the store, a disk or a pipe failed; nothing was changed
  10  commit-state-unknown  settle it: datashard resolve TABLE TOKEN";

/// What a command comes to.
pub(crate) type Done = Result<(), Failure>;

/// Why a command ends before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error, of the library's or in its terms.
    Error(Error),
    /// It was not confirmed.
    Unconfirmed,
    /// A check has found so many problems, which were told.
    Problems(u64),
    /// Nobody reads on, which is fine.
    Enough,
}

impl Failure {
    /// Wrong arguments.
    pub(crate) fn usage(error: &clap::Error) -> Self {
        let text = error.to_string();
        // What follows is how it is used, and where more is said.
        let what = text.split("\n\n").next().unwrap_or_default();
        Self::Error(Error::new(ErrorKind::InvalidInput, what.trim_start_matches("error: ")))
    }

    /// Tells why, on one line, and with which code to end.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let (code, kind, message) = match self {
            Self::Enough => return ExitCode::SUCCESS,
            Self::Error(error) => (code(error.kind()), error.kind().as_str(), one_line(&error.to_string())),
            Self::Unconfirmed => (1, "unconfirmed", "nothing was done: repeat it with --yes".to_owned()),
            Self::Problems(1) => (1, "problems", "1 problem was found".to_owned()),
            Self::Problems(found) => (1, "problems", format!("{found} problems were found")),
        };
        let token = match self {
            Self::Error(error) => error.unknown_commit(),
            _ => None,
        };
        let line = if json {
            json!({"error": {"kind": kind, "message": message, "token": token}}).to_string()
        } else {
            let token = token.map(|token| format!(" (token {token})")).unwrap_or_default();
            format!("error: {kind}: {message}{token}")
        };
        // Where this cannot be printed, the code tells.
        let _ = writeln!(io::stderr(), "{line}");
        ExitCode::from(code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Of writing results.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Enough,
            _ => Self::Error(failed("writing the result", error)),
        }
    }
}

/// An error of this machine's.
pub(crate) fn failed(doing: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => {
            ErrorKind::InvalidInput
        }
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, doing).caused_by(error)
}

/// An error of the caller's.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidInput => 2,
        ErrorKind::NotFound => 3,
        ErrorKind::AlreadyExists => 4,
        ErrorKind::InvalidData => 5,
        ErrorKind::Unsupported => 6,
        ErrorKind::PermissionDenied => 7,
        ErrorKind::Conflict => 8,
        ErrorKind::CommitStateUnknown => 10,
        _ => 9,
    }
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
