use std::collections::BTreeMap;

use parquet::basic::{Compression, GzipLevel, ZstdLevel};

use crate::error::{Error, Result};
use crate::spec::{Schema, ordered};

const CODEC: &str = "write.parquet.compression-codec";
const LEVEL: &str = "write.parquet.compression-level";
const ROW_GROUP_BYTES: &str = "write.parquet.row-group-size-bytes";
const ROW_GROUP_ROWS: &str = "write.parquet.row-group-limit";
const PAGE_BYTES: &str = "write.parquet.page-size-bytes";
const PAGE_ROWS: &str = "write.parquet.page-row-limit";
const DICT_BYTES: &str = "write.parquet.dict-size-bytes";
const BLOOM_COLUMN: &str = "write.parquet.bloom-filter-enabled.column.";
const BLOOM_FPP_COLUMN: &str = "write.parquet.bloom-filter-fpp.column.";
const BLOOM_BYTES: &str = "write.parquet.bloom-filter-max-bytes";
const METRICS_DEFAULT: &str = "write.metadata.metrics.default";
const METRICS_COLUMN: &str = "write.metadata.metrics.column.";
const METRICS_COLUMNS: &str = "write.metadata.metrics.max-inferred-column-defaults";

/// A row group is held in memory until it is whole, and what runs wasm has little: 128 MB in an edge function.
const ROW_GROUP: usize = if cfg!(target_family = "wasm") { 8 << 20 } else { 128 << 20 };

/// How data files are written, from a table's properties (names and defaults as Iceberg's).
#[derive(Clone, Debug)]
pub struct EncodeOptions {
    pub(crate) compression: Compression,
    pub(crate) row_group_bytes: usize,
    pub(crate) row_group_rows: usize,
    pub(crate) page_bytes: usize,
    pub(crate) page_rows: usize,
    pub(crate) dictionary_bytes: usize,
    /// The columns that have Bloom filters, by name, and how often a filter may say of a value that is not there that it may
    /// be; and the bytes of a filter at most.
    pub(crate) bloom_columns: BTreeMap<String, f64>,
    pub(crate) bloom_bytes: usize,
    metrics_default: Option<MetricsMode>,
    metrics_columns: BTreeMap<String, MetricsMode>,
    metrics_limit: usize,
}

/// What a manifest says about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsMode {
    /// Nothing but its size.
    None,
    /// Counts of values, nulls and NaNs.
    Counts,
    /// Counts and bounds, text and bytes cut to so many characters or bytes.
    Truncate(usize),
    /// Counts and exact bounds.
    Full,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            compression: Compression::ZSTD(ZstdLevel::default()),
            row_group_bytes: ROW_GROUP,
            row_group_rows: 1 << 20,
            page_bytes: 1 << 20,
            page_rows: 20_000,
            // Half of Iceberg's default: columns of distinct values give up their dictionary sooner, and files are smaller.
            dictionary_bytes: 1 << 20,
            bloom_columns: BTreeMap::new(),
            bloom_bytes: 1 << 20,
            metrics_default: None,
            metrics_columns: BTreeMap::new(),
            metrics_limit: 100,
        }
    }
}

impl EncodeOptions {
    /// From a table's properties; those about other things are ignored.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput), naming the property, on a value that is none, and
    /// with [`Unsupported`](crate::ErrorKind::Unsupported) on a codec that this crate lacks.
    pub fn from_properties(properties: &BTreeMap<String, String>) -> Result<Self> {
        let defaults = Self::default();
        let size = |name: &str, default: usize| match properties.get(name) {
            None => Ok(default),
            Some(text) => match text.trim().parse() {
                Ok(size @ 1..) => Ok(size),
                _ => Err(Error::invalid_input(format!("property `{name}`: `{text}` is not a positive integer"))),
            },
        };
        let mut metrics_columns = BTreeMap::new();
        for (name, text) in properties {
            if let Some(column) = name.strip_prefix(METRICS_COLUMN) {
                metrics_columns.insert(column.to_owned(), metrics_mode(name, text)?);
            }
        }
        let mut bloom_columns = BTreeMap::new();
        for (name, text) in properties {
            let Some(column) = name.strip_prefix(BLOOM_COLUMN) else { continue };
            match text.trim().to_ascii_lowercase().as_str() {
                "true" => bloom_columns.insert(column.to_owned(), false_positives(properties, column)?),
                "false" => None,
                _ => {
                    return Err(Error::invalid_input(format!("property `{name}`: `{text}` is neither true nor false")));
                }
            };
        }
        let metrics_default = properties.get(METRICS_DEFAULT).map(|text| metrics_mode(METRICS_DEFAULT, text));
        Ok(Self {
            compression: compression(properties)?,
            row_group_bytes: size(ROW_GROUP_BYTES, defaults.row_group_bytes)?,
            row_group_rows: size(ROW_GROUP_ROWS, defaults.row_group_rows)?,
            page_bytes: size(PAGE_BYTES, defaults.page_bytes)?,
            page_rows: size(PAGE_ROWS, defaults.page_rows)?,
            dictionary_bytes: size(DICT_BYTES, defaults.dictionary_bytes)?,
            bloom_columns,
            bloom_bytes: size(BLOOM_BYTES, defaults.bloom_bytes)?,
            metrics_default: metrics_default.transpose()?,
            metrics_columns,
            metrics_limit: size(METRICS_COLUMNS, defaults.metrics_limit)?,
        })
    }

    /// The same with bounds of all columns that are not cut.
    pub(crate) fn with_whole_bounds(self) -> Self {
        Self { metrics_default: Some(MetricsMode::Full), metrics_columns: BTreeMap::new(), ..self }
    }

    /// The mode of every primitive field of a schema, by id. Without a default of the table's own, columns beyond the
    /// first hundred have none, so that manifests of wide tables stay small.
    pub(crate) fn metrics_modes(&self, schema: &Schema) -> BTreeMap<i32, MetricsMode> {
        let leaves = schema.walk().into_iter().filter(|(_, field)| field.field_type.as_primitive().is_some());
        ordered(leaves.enumerate().map(|(position, (name, field))| {
            let inferred = if position < self.metrics_limit { MetricsMode::Truncate(16) } else { MetricsMode::None };
            let mode = self.metrics_columns.get(&name).copied().or(self.metrics_default).unwrap_or(inferred);
            (field.id, mode)
        }))
    }
}

fn false_positives(properties: &BTreeMap<String, String>, column: &str) -> Result<f64> {
    let name = format!("{BLOOM_FPP_COLUMN}{column}");
    match properties.get(&name).map(|text| (text, text.trim().parse())) {
        None => Ok(0.01),
        Some((_, Ok(fpp))) if fpp > 0.0 && fpp < 1.0 => Ok(fpp),
        Some((text, _)) => {
            Err(Error::invalid_input(format!("property `{name}`: `{text}` is not a number between 0 and 1")))
        }
    }
}

fn compression(properties: &BTreeMap<String, String>) -> Result<Compression> {
    let level = match properties.get(LEVEL).map(|text| text.trim()) {
        None | Some("" | "null") => None,
        Some(text) => {
            let wrong = || Error::invalid_input(format!("property `{LEVEL}`: `{text}` is not an integer"));
            Some(text.parse::<i32>().map_err(|_| wrong())?)
        }
    };
    let outside =
        |level: i32| Error::invalid_input(format!("property `{LEVEL}`: {level} is outside the codec's range"));
    let codec = properties.get(CODEC).map_or("zstd", |text| text.trim());
    Ok(match codec.to_ascii_lowercase().as_str() {
        "zstd" => Compression::ZSTD(match level {
            Some(level) => ZstdLevel::try_new(level).map_err(|_| outside(level))?,
            None => ZstdLevel::default(),
        }),
        "gzip" => Compression::GZIP(match level {
            Some(level) => {
                u32::try_from(level).ok().and_then(|l| GzipLevel::try_new(l).ok()).ok_or_else(|| outside(level))?
            }
            None => GzipLevel::default(),
        }),
        "snappy" => Compression::SNAPPY,
        // Parquet's own LZ4 is deprecated: its framing was never specified.
        "lz4" | "lz4_raw" => Compression::LZ4_RAW,
        "uncompressed" | "none" => Compression::UNCOMPRESSED,
        "brotli" | "lzo" => return Err(Error::unsupported(format!("property `{CODEC}`: the codec `{codec}`"))),
        _ => return Err(Error::invalid_input(format!("property `{CODEC}`: `{codec}` is no codec"))),
    })
}

fn metrics_mode(name: &str, text: &str) -> Result<MetricsMode> {
    let lower = text.trim().to_ascii_lowercase();
    match lower.as_str() {
        "none" => Ok(MetricsMode::None),
        "counts" => Ok(MetricsMode::Counts),
        "full" => Ok(MetricsMode::Full),
        _ => match lower.strip_prefix("truncate(").and_then(|rest| rest.strip_suffix(')')?.trim().parse().ok()) {
            Some(length @ 1..) => Ok(MetricsMode::Truncate(length)),
            _ => Err(Error::invalid_input(format!(
                "property `{name}`: `{text}` is none of none, counts, truncate(N) and full"
            ))),
        },
    }
}
