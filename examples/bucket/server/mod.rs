//! An S3 server over any [`ObjectStore`](datashard::store::ObjectStore), for development and tests: one bucket, signatures checked,
//! conditional puts as atomic as the store's. Content types and user metadata are not kept, nor are unfinished multipart
//! uploads after the end of the process.

mod auth;
mod bucket;
mod cors;
mod failure;
mod listen;
mod listing;
mod multipart;

pub use listen::{Options, Server};
