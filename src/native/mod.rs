//! Adapters for programs with an operating system.

mod folder;

pub use folder::FolderStore;
