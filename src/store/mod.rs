//! Object storage: the [`ObjectStore`] seam and what implements or decorates it.

mod coalesce;
mod counting;
mod credentials;
#[cfg(test)]
mod fakes;
#[cfg(test)]
pub(crate) mod faulty;
mod memory;
mod object_store;
mod s3;
#[cfg(test)]
mod tests;

pub(crate) use coalesce::{MOST_IN_REQUEST, get_ranges, merge};
pub use counting::{CountingStore, Counts};
pub use credentials::{
    CachedCredentials, ContainerCredentials, CredentialsFn, InstanceCredentials, SecretFn, WebIdentityCredentials,
};
pub use memory::MemoryStore;
pub use object_store::{
    ETag, GetOptions, GetResult, MIN_PART, ObjectMeta, ObjectStore, Precondition, PutOptions, PutOutcome, Upload,
};
pub use s3::{ReadSigning, S3Config, S3Store};
