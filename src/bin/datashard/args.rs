use clap::{Args, Parser, Subcommand};

use crate::commands::{
    AddFiles, Append, Cat, Copy, Count, Create, Delete, Diff, Drop, Files, Import, Info, Resolve, Schema, Snapshots,
    Upsert, Verify,
};
use crate::exit::CODES;

const ABOUT: &str = "Apache Iceberg tables in a bucket or a folder, without a server.

A TABLE is s3://bucket/path, or a folder: ./bucket/logs. To read, it may be one of the table's metadata files. Buckets are
reached as the environment says: DATASHARD_S3_ENDPOINT, _REGION, _ACCESS_KEY, _SECRET_KEY and _SESSION_TOKEN, or AWS's variables.";

/// What was asked for.
#[derive(Debug, Parser)]
#[command(name = "datashard", version, about = ABOUT, after_help = CODES, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Results and errors as JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Nothing but what was asked for and errors: no progress, no plans, no word of what was done.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Files of the table may lie below this location too: s3://bucket/imported. May be repeated.
    #[arg(long, global = true, value_name = "LOCATION")]
    pub(crate) allow: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Create),
    Append(Append),
    AddFiles(AddFiles),
    Import(Import),
    Upsert(Upsert),
    Delete(Delete),
    Cat(Cat),
    Count(Count),
    Diff(Diff),
    Schema(Schema),
    Info(Info),
    Snapshots(Snapshots),
    Files(Files),
    Verify(Verify),
    Copy(Copy),
    Drop(Drop),
    Resolve(Resolve),
}
