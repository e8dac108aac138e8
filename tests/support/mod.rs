//! What several integration tests share. Each test binary uses a part of it.
#![allow(dead_code, unused_imports)]

pub mod conformance;

pub use conformance::Conformance;
