//! What several integration tests share. Each test binary uses a part of it.
#![allow(dead_code, unused_imports)]

#[path = "../../examples/bucket/server/mod.rs"]
pub mod bucket_server;
pub mod conformance;
pub mod fault_proxy;
pub mod golden;
pub mod s3;

pub use conformance::Conformance;
