//! Adapters for programs with an operating system: its clock and random numbers, HTTP by reqwest, tables in a local folder,
//! and settings from the environment.

mod environment;
mod fetch;
mod folder;
mod runtime;
#[cfg(test)]
mod tests;

pub use fetch::ReqwestFetch;
pub use folder::FolderStore;
pub use runtime::SystemRuntime;
