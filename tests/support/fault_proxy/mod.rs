//! A proxy before an S3 server that does to requests and answers what networks and overloaded stores do to them.

mod fault;
mod listen;
mod passage;

pub use fault::{Fault, Plan, mix};
pub use listen::Proxy;
