//! [`S3Store`]: a bucket over HTTP.

mod client;
mod clock;
mod config;
mod delete;
mod get;
mod list;
mod multipart;
mod put;
mod read;
mod store;
#[cfg(test)]
mod tests;

pub use config::{ReadSigning, S3Config};
pub use store::S3Store;
