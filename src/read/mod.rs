//! Reading what snapshots refer to.

mod manifests;

pub(crate) use manifests::{Cost, Manifests};
