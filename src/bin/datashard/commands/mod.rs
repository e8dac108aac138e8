//! A file for each command: its arguments, and what it does.

mod add_files;
mod append;
mod cat;
mod copy;
mod count;
mod create;
mod delete;
mod diff;
mod drop;
mod files;
mod import;
mod info;
mod resolve;
mod schema;
mod snapshots;
mod upsert;
mod verify;

pub(crate) use add_files::AddFiles;
pub(crate) use append::Append;
pub(crate) use cat::Cat;
pub(crate) use copy::Copy;
pub(crate) use count::Count;
pub(crate) use create::Create;
pub(crate) use delete::Delete;
pub(crate) use diff::Diff;
pub(crate) use drop::Drop;
pub(crate) use files::Files;
pub(crate) use import::Import;
pub(crate) use info::Info;
pub(crate) use resolve::Resolve;
pub(crate) use schema::Schema;
pub(crate) use snapshots::Snapshots;
pub(crate) use upsert::Upsert;
pub(crate) use verify::Verify;
