//! [`FolderStore`]: objects as the files of a folder.

mod failure;
mod location;
mod publish;
mod store;
mod temporary;
#[cfg(test)]
mod tests;
mod upload;
mod walk;

pub use store::FolderStore;
