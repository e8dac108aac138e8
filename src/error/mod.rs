//! [`Error`], its [`ErrorKind`], and [`Result`].

mod kind;
mod opaque;
#[cfg(test)]
mod tests;

pub use kind::ErrorKind;
pub use opaque::{Error, Result, ResultExt};
