//! Reading what snapshots refer to.

mod manifests;
#[cfg(test)]
mod tests;

pub(crate) use manifests::{Cost, Manifests};
