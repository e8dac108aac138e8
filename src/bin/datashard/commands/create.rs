use std::path::PathBuf;

use clap::Args;
use datashard::Result;
use datashard::spec::{PartitionTerm, Schema, SortTerm};
use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::exit::{Done, failed, invalid};
use crate::infer::within_v2;
use crate::input::Input;
use crate::output::Output;
use crate::{schema_text, term_text};

/// Creates a table.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// s3://bucket/path, or a folder.
    table: Address,
    #[command(flatten)]
    columns: Columns,
    /// What rows are divided into files by: 'day(at), bucket[16](id)'.
    #[arg(long, value_name = "TERMS")]
    partition_by: Option<String>,
    /// What rows are sorted by within files: 'at desc nulls last, id'.
    #[arg(long, value_name = "TERMS")]
    sort_by: Option<String>,
    /// A table property: write.target-file-size-bytes=100000000, format-version=3. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = property)]
    property: Vec<(String, String)>,
    /// No error if the table is there already with these columns.
    #[arg(long)]
    if_missing: bool,
}

/// Which columns.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Columns {
    /// Columns as 'id:long!, at:timestamptz, tags:list<string>'; ! means that null is not allowed.
    #[arg(long, value_name = "COLUMNS")]
    schema: Option<String>,
    /// Columns as Iceberg's JSON, in which ids may be left out.
    #[arg(long, value_name = "FILE")]
    schema_file: Option<PathBuf>,
    /// Columns as a file has them. csv and json files are read for it.
    #[arg(long, value_name = "FILE")]
    like: Option<PathBuf>,
}

impl Create {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let is_v3 = self.property.iter().any(|(name, value)| name == "format-version" && value == "3");
        let mut schema = self.columns.read()?;
        if self.columns.like.is_some() && !is_v3 {
            schema = within_v2(&schema)?;
        }
        let (warehouse, name) = self.table.create(output)?;
        let mut create = warehouse.create(name).schema(schema);
        if let Some(terms) = &self.partition_by {
            create = create.partition_by(term_text::parse::<PartitionTerm>(terms)?);
        }
        if let Some(terms) = &self.sort_by {
            create = create.sort_by(term_text::parse::<SortTerm>(terms)?);
        }
        for (name, value) in self.property {
            create = create.property(name, value);
        }
        let table = if self.if_missing { create.or_open().await? } else { create.await? };
        let columns = schema_text::format(&*table.schema()?, ", ");
        let json =
            json!({"location": table.location(), "version": table.version(), "schema": table.schema()?.to_json()});
        output.done(format!("created {} ({columns})", table.location()), &json)
    }
}

impl Columns {
    fn read(&self) -> Result<Schema> {
        match self {
            Self { schema: Some(text), .. } => schema_text::parse(text),
            Self { schema_file: Some(path), .. } => {
                let name = path.display();
                let text = std::fs::read(path).map_err(|error| failed(&name.to_string(), error))?;
                let json: Json = serde_json::from_slice(&text)
                    .map_err(|error| invalid(format!("{name} is no JSON")).caused_by(error))?;
                Schema::try_from(json).map_err(|error| error.context(name))
            }
            Self { like: Some(path), .. } => Input::file(path.clone()).schema(),
            _ => Err(invalid("which columns? --schema says them")),
        }
    }
}

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is wanted")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}
