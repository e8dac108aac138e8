//! The core's effects beside HTTP: time and randomness, both passed in; and what differs between targets about `Send`.

mod bounds;
mod seam;
mod timestamp;

pub use bounds::{BoxFuture, BoxStream, MaybeSend, MaybeSync};
pub use seam::Runtime;
pub use timestamp::Timestamp;
