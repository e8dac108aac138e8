use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;

use crate::catalog::{Allowed, Pinned, StoreCatalog, TableHandle, is_uri, key_of, uri, uuid};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{BoxFuture, Runtime};
use crate::spec::{
    NestedField, NewTable, PartitionSpec, PartitionTerm, Schema, SortOrder, SortTerm, TableMetadata, Type, properties,
};
use crate::store::ObjectStore;
use crate::table::Table;

/// A place where tables are: a store, or a folder in it. Cheap to clone.
///
/// A table's name is its path there: `events`, `logs/2026/web`.
#[derive(Clone, Debug)]
pub struct Warehouse {
    store: Arc<dyn ObjectStore>,
    runtime: Arc<dyn Runtime>,
    catalog: StoreCatalog,
    prefix: String,
    allowed: Vec<Allowed>,
}

impl Warehouse {
    /// The tables of a store, with the platform's clock and random numbers.
    #[cfg(any(target_family = "wasm", feature = "native"))]
    pub fn new(store: impl ObjectStore + 'static) -> Self {
        #[cfg(target_family = "wasm")]
        let runtime = crate::wasm::JsRuntime;
        #[cfg(not(target_family = "wasm"))]
        let runtime = crate::native::SystemRuntime;
        Self::with_runtime(store, Arc::new(runtime))
    }

    /// The tables of a store, with the caller's clock and random numbers.
    pub fn with_runtime(store: impl ObjectStore + 'static, runtime: Arc<dyn Runtime>) -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(store);
        let catalog = StoreCatalog::new(store.clone(), runtime.clone());
        Self { store, runtime, catalog, prefix: String::new(), allowed: Vec::new() }
    }

    /// The tables below a folder of the store: `warehouse/db`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Self {
        self.prefix = prefix.as_ref().trim_matches('/').to_owned();
        self
    }

    /// Lets files of tables lie below this location too, besides their own tables': `s3://bucket/imported`. Otherwise a
    /// path in a table's metadata that leads elsewhere is an error and is not followed.
    ///
    /// It must be in the warehouse's store; if not, opening a table fails with [`InvalidInput`](ErrorKind::InvalidInput).
    #[must_use]
    pub fn allow(self, location: impl Into<String>) -> Self {
        let location = location.into();
        self.allow_moved(location.clone(), location)
    }

    /// The same for files that were moved or copied there from where the metadata says that they are: what is recorded as
    /// below `recorded`, of whatever scheme, is read below `location`. For a table's own folder this is not needed.
    #[must_use]
    pub fn allow_moved(mut self, recorded: impl Into<String>, location: impl Into<String>) -> Self {
        self.allowed.push(Allowed { recorded: recorded.into(), actual: location.into() });
        self
    }

    /// Creates a table: `warehouse.create("events").schema(schema).await?`.
    pub fn create(&self, name: impl Into<String>) -> CreateTable {
        CreateTable {
            warehouse: self.clone(),
            name: name.into(),
            schema: None,
            partition: Vec::new(),
            sort: Vec::new(),
            properties: BTreeMap::new(),
            format_version: None,
            or_open: false,
        }
    }

    /// Opens a table at its newest version. Writes nothing.
    ///
    /// Three requests in two rounds where the version hint is right. Fails with [`NotFound`](ErrorKind::NotFound) if
    /// there is none, or if it was dropped.
    pub async fn open(&self, name: impl AsRef<str>) -> Result<Table> {
        let key = self.key(name.as_ref())?;
        let head = crate::catalog::Catalog::head(&self.catalog, &key, None).await?;
        Ok(Table::new(TableHandle::new(&key, self.catalog.clone(), head, &self.allowed)?))
    }

    /// Opens a table by one of its metadata files, of whatever name: `db/t/metadata/00003-1f2e….metadata.json` in the
    /// warehouse, or its URI. For tables whose newest version a catalog knows; they are read, with time travel, but not
    /// written to. The file may be compressed by gzip or zstd.
    ///
    /// One request. Fails with [`NotFound`](ErrorKind::NotFound) if the file is not there.
    pub async fn open_metadata(&self, file: impl AsRef<str>) -> Result<Table> {
        let file = file.as_ref();
        let key = if is_uri(file) { key_of(self.store.root(), file)? } else { self.path(file)? };
        let (pinned, head) = Pinned::open(&self.catalog, &key).await?;
        // Where the table's own folder is, the place of the file tells; where that is unusual, the metadata.
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let name = match folder.strip_suffix("metadata") {
            Some("") => String::new(),
            Some(table) if table.ends_with('/') => table.trim_end_matches('/').to_owned(),
            _ => key_of(self.store.root(), &head.metadata.location).map_err(|error| {
                error.context(format!("the metadata file {key} is in no folder `metadata`, and its table is elsewhere"))
            })?,
        };
        Ok(Table::new(TableHandle::pinned(&name, &self.catalog, pinned, head, &self.allowed)?))
    }

    /// Drops a table: commits a tombstone as its last version, so that writers that still have it open fail cleanly. Its
    /// files stay. A table created under that name later is a new one.
    pub async fn drop_table(&self, name: impl AsRef<str>) -> Result<()> {
        let key = self.key(name.as_ref())?;
        self.catalog.drop_table(&key, &uuid(self.runtime.random())).await
    }

    /// Always fails with [`Unsupported`](ErrorKind::Unsupported), and says why: a bucket cannot rename many objects as one, and the
    /// table's metadata names its files by where they are. To have a table's rows under another name, append a scan of it to a new
    /// table.
    pub fn rename_table(&self, from: impl AsRef<str>, to: impl AsRef<str>) -> Result<()> {
        Err(Error::unsupported(format!(
            "renaming the table `{}` to `{}`: its metadata names its files by where they are, and a bucket cannot move them as one; \
             copy its rows to a new table instead, and drop it",
            from.as_ref(),
            to.as_ref()
        )))
    }

    /// A table's key in the store.
    fn key(&self, name: &str) -> Result<String> {
        let wrong = || Error::invalid_input(format!("`{name}` cannot be a table's name"));
        let key = self.path(name).map_err(|_| wrong())?;
        if key.split('/').any(|segment| segment.len() > 200 || segment == "metadata") { Err(wrong()) } else { Ok(key) }
    }

    /// A path in the warehouse as a key in the store.
    fn path(&self, path: &str) -> Result<String> {
        let key = if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) };
        if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) || key.chars().any(char::is_control) {
            return Err(Error::invalid_input(format!("`{path}` cannot be a path in the warehouse")));
        }
        Ok(key)
    }
}

/// A table about to be created. Await it.
#[derive(Clone, Debug)]
#[must_use = "nothing is created until it is awaited"]
pub struct CreateTable {
    warehouse: Warehouse,
    name: String,
    schema: Option<Schema>,
    partition: Vec<PartitionTerm>,
    sort: Vec<SortTerm>,
    properties: BTreeMap<String, String>,
    format_version: Option<i32>,
    or_open: bool,
}

impl CreateTable {
    /// The columns.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// What rows are divided into files by: `.partition_by([day("at"), bucket(16, "user")])`. Readers leave out files whose
    /// partition shows that no row of theirs is wanted; the columns are in the files all the same.
    pub fn partition_by<T: Into<PartitionTerm>>(mut self, terms: impl IntoIterator<Item = T>) -> Self {
        self.partition = terms.into_iter().map(Into::into).collect();
        self
    }

    /// What rows are sorted by within files: `.sort_by([asc("at"), desc("level")])`.
    pub fn sort_by(mut self, terms: impl IntoIterator<Item = SortTerm>) -> Self {
        self.sort = terms.into_iter().collect();
        self
    }

    /// The version of the format: 2, the default, or 3, which some readers do not know yet. The property `format-version` is
    /// the same.
    pub fn format_version(mut self, version: i32) -> Self {
        self.format_version = Some(version);
        self
    }

    /// A table property: `write.parquet.compression-codec`, `write.target-file-size-bytes`, ...
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// If the table is there already, opens it. Its columns must be those given here, by name, type and nullability.
    pub fn or_open(mut self) -> Self {
        self.or_open = true;
        self
    }

    async fn run(self) -> Result<Table> {
        let Self { warehouse, name, schema, partition, sort, mut properties, format_version, or_open } = self;
        let schema = schema.ok_or_else(|| Error::invalid_input(format!("the table `{name}` needs a schema")))?;
        let key = warehouse.key(&name)?;
        check_properties(&properties)?;
        let asked = properties.remove(properties::FORMAT_VERSION).map(|text| properties::format_version(&text));
        let format_version = format_version.map(Ok).or(asked).transpose()?.unwrap_or(2);
        if !(2..=3).contains(&format_version) {
            return Err(Error::unsupported(format!(
                "creating a table of format version {format_version}; 2 or 3 can be"
            )));
        }
        let schema = schema.checked(format_version)?;
        properties.insert(properties::CREATED_BY.into(), concat!("datashard ", env!("CARGO_PKG_VERSION")).into());
        properties.insert(properties::COMMIT_ID.into(), uuid(warehouse.runtime.random()));
        let location = uri(warehouse.store.root(), &key);
        let table_uuid = uuid(warehouse.runtime.random());
        let now = warehouse.catalog.now();
        let new = NewTable {
            format_version,
            table_uuid,
            location,
            partition_spec: PartitionSpec::new(&schema, partition)?,
            sort_order: SortOrder::new(&schema, sort)?,
            schema: schema.clone(),
            properties,
        };
        let first = TableMetadata::create(new, now);
        match warehouse.catalog.create(&key, first).await {
            Ok(head) => Ok(Table::new(TableHandle::new(&key, warehouse.catalog.clone(), head, &warehouse.allowed)?)),
            Err(error) if or_open && error.kind() == ErrorKind::AlreadyExists => {
                let table = warehouse.open(&name).await?;
                if columns(&*table.schema()?) != columns(&schema) {
                    let message = format!("there is a table `{name}` already, with other columns");
                    return Err(Error::already_exists(message));
                }
                Ok(table)
            }
            Err(error) => Err(error),
        }
    }
}

impl IntoFuture for CreateTable {
    type Output = Result<Table>;
    type IntoFuture = BoxFuture<'static, Result<Table>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

fn columns(schema: &Schema) -> Vec<(String, String, bool)> {
    let describe = |field: &NestedField| match &field.field_type {
        Type::Primitive(primitive) => primitive.to_string(),
        Type::Struct(_) => "struct".to_owned(),
        Type::List(_) => "list".to_owned(),
        Type::Map(_) => "map".to_owned(),
        Type::Variant => "variant".to_owned(),
        Type::Unknown => "unknown".to_owned(),
    };
    schema.walk().into_iter().map(|(name, field)| (name, describe(field), field.required)).collect()
}

fn check_properties(properties: &BTreeMap<String, String>) -> Result<()> {
    for (name, value) in properties {
        if properties::is_own(name) {
            return Err(Error::invalid_input(format!("the property `{name}` is set by the library")));
        }
        let unsupported = match name.as_str() {
            "write.metadata.compression-codec" => value != "none",
            "write.data.path" | "write.metadata.path" | "write.folder-storage.path" => true,
            _ => false,
        };
        if unsupported {
            return Err(Error::unsupported(format!("the property `{name}` with the value `{value}`")));
        }
    }
    crate::parquet::EncodeOptions::from_properties(properties)
        .map(drop)
        .map_err(|error| Error::invalid_input(error.message()))
}
