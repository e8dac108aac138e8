use std::ops::Range;

use bytes::Bytes;
use parquet::basic::Type as PhysicalType;
use parquet::bloom_filter::Sbbf;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use crate::expr::{Both, BoundPredicate, ColumnStats, might_match};
use crate::parquet::footer::FileMetadata;
use crate::parquet::physical::Physical;
use crate::parquet::project::leaf_of;
use crate::parquet::projection::Projection;
use crate::parquet::stats::GroupStats;
use crate::parquet::thrift::{Kind, look};
use crate::spec::{PrimitiveType, Value};

/// A header is much shorter.
const HEADER_BYTES: u64 = 64;
/// No more is read of a file's filters.
const MOST_BYTES: u64 = 32 << 20;
/// What a request's round trip costs in bytes, about.
const ROUND_TRIP: u64 = 256 << 10;

static HEADER: Kind = Kind::Struct(&[(1, Kind::Number(0)), (2, UNION), (3, UNION), (4, UNION)]);
const UNION: Kind = Kind::Struct(&[(1, Kind::Struct(&[]))]);

/// The Bloom filters of the row groups that they may rule out, when statistics do not.
#[derive(Debug)]
pub(crate) struct BloomFilters {
    filters: Vec<Filter>,
}

/// One filter: of one column of one row group.
#[derive(Debug)]
struct Filter {
    group: usize,
    id: i32,
    primitive: PrimitiveType,
    column: ColumnDescPtr,
    /// It is not worth more bytes.
    most: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// To be read: where it is, as far as is known, and whether that is all of it.
    Wanted(Range<u64>, bool),
    Read(Sbbf),
    /// Damaged, of another kind, or too large: it tells nothing.
    Nothing,
}

impl BloomFilters {
    /// Those to be read for a predicate; `None` if no filter could rule out a row group, or reading them takes more than
    /// it could save.
    pub(crate) fn of(
        file: &FileMetadata,
        projection: &Projection,
        leaves: &[usize],
        groups: &[usize],
        predicate: &BoundPredicate,
    ) -> Option<Self> {
        let mut all = Self { filters: Vec::new() };
        let (mut saved, mut bytes, mut far) = (0_u64, 0_u64, false);
        for number in groups {
            let group = file.parquet().row_groups().get(*number)?;
            let sizes = leaves.iter().filter_map(|leaf| group.columns().get(*leaf));
            let size = sizes.fold(0, |sum: u64, column| sum.saturating_add(unsigned(column.compressed_size())));
            let filters = Self { filters: of_group(file, projection, *number, size, predicate) };
            let cost = filters.ranges().iter().fold(0, |sum: u64, range| sum.saturating_add(range.end - range.start));
            let stats = GroupStats::new(file, projection, group);
            // As long as they are not read, filters lack every value.
            let idle = filters.filters.is_empty() || might_match(predicate, &Both(&stats, &filters.group(*number)));
            if idle || cost >= size || bytes.saturating_add(cost) > MOST_BYTES {
                continue;
            }
            far |= filters.ranges().iter().any(|range| file.at_hand(range).is_none());
            (saved, bytes) = (saved.saturating_add(size), bytes + cost);
            all.filters.extend(filters.filters);
        }
        let worth = !far || saved > bytes.saturating_add(ROUND_TRIP);
        (worth && !all.filters.is_empty()).then_some(all)
    }

    /// The ranges of the file that are wanted still.
    pub(crate) fn ranges(&self) -> Vec<Range<u64>> {
        let wanted = self.filters.iter().filter_map(|filter| match &filter.content {
            Content::Wanted(range, _) => Some(range.clone()),
            _ => None,
        });
        wanted.collect()
    }

    /// The bytes of some of them. A filter that makes no sense is none.
    pub(crate) fn push(&mut self, ranges: &[Range<u64>], bytes: &[Bytes]) {
        for filter in &mut self.filters {
            let Content::Wanted(range, whole) = &filter.content else { continue };
            let pushed = ranges.iter().zip(bytes).find(|(pushed, _)| *pushed == range);
            if let Some((_, bytes)) = pushed {
                filter.content = read(bytes, range.start, *whole, filter.most).unwrap_or(Content::Nothing);
            }
        }
    }

    /// Whether these filters rule out a row group.
    pub(crate) fn rule_out(
        &self,
        file: &FileMetadata,
        projection: &Projection,
        number: usize,
        predicate: &BoundPredicate,
    ) -> bool {
        file.parquet().row_groups().get(number).is_some_and(|group| {
            let stats = GroupStats::new(file, projection, group);
            !might_match(predicate, &Both(&stats, &self.group(number)))
        })
    }

    fn group(&self, number: usize) -> GroupFilters<'_> {
        GroupFilters { filters: &self.filters, number }
    }
}

/// The filters of the columns of a row group that a predicate looks for values in.
fn of_group(
    file: &FileMetadata,
    projection: &Projection,
    number: usize,
    most: u64,
    predicate: &BoundPredicate,
) -> Vec<Filter> {
    let ids = predicate.field_ids().into_iter();
    let filters = ids.filter_map(|id| {
        let primitive = projection.table_schema().field_by_id(id)?.field_type.as_primitive()?;
        let leaf = leaf_of(file.arrow_schema(), id)?;
        let chunk = file.parquet().row_groups().get(number)?.columns().get(leaf)?;
        let start = u64::try_from(chunk.bloom_filter_offset()?).ok()?;
        let length = chunk.bloom_filter_length().map(|length| unsigned(length.into()));
        let end = start.checked_add(length.unwrap_or(HEADER_BYTES))?;
        let end = if length.is_none() { end.min(file.file_size()) } else { end };
        let content = Content::Wanted(start..end, length.is_some());
        let fits = start < end && end <= file.file_size();
        fits.then(|| Filter { group: number, id, primitive, column: chunk.column_descr_ptr(), most, content })
    });
    filters.collect()
}

fn unsigned(size: i64) -> u64 {
    u64::try_from(size).unwrap_or(0)
}

/// A filter out of its bytes from there on; `None` if it tells nothing.
fn read(bytes: &[u8], start: u64, whole: bool, most: u64) -> Option<Content> {
    let mut rest = bytes;
    let size = look(&HEADER, &mut rest)?.into_iter().next()??;
    let size = usize::try_from(size).ok().filter(|size| *size >= 32 && size % 32 == 0)?;
    let total = bytes.len().checked_sub(rest.len())?.checked_add(size)?;
    match bytes.get(..total) {
        _ if whole && total != bytes.len() => None,
        Some(filter) => Sbbf::from_bytes(filter).ok().map(Content::Read),
        None => {
            let end = start.checked_add(u64::try_from(total).ok()?)?;
            (end - start <= most.min(MOST_BYTES)).then_some(Content::Wanted(start..end, true))
        }
    }
}

/// What the filters of a row group tell: which values it lacks.
struct GroupFilters<'a> {
    filters: &'a [Filter],
    number: usize,
}

impl ColumnStats for GroupFilters<'_> {
    fn lacks(&self, id: i32, value: &Value) -> bool {
        let filter = self.filters.iter().find(|filter| filter.group == self.number && filter.id == id);
        filter.is_some_and(|filter| {
            let Some(stored) = stored(value, filter.primitive, &filter.column) else { return false };
            match &filter.content {
                Content::Wanted(..) => true,
                Content::Read(filter) => stored.iter().all(|bytes| !filter.check(bytes.as_slice())),
                Content::Nothing => false,
            }
        })
    }
}

/// The bytes as which a column of a file holds a value of the table's type, which are what is hashed: all that there can
/// be. `None` if they are not known: the types do not agree, or the encoding is not unique.
fn stored(value: &Value, primitive: PrimitiveType, column: &ColumnDescriptor) -> Option<Vec<Vec<u8>>> {
    let integer = || match value {
        Value::Int(value) | Value::Date(value) => Some(i128::from(*value)),
        Value::Long(value)
        | Value::Time(value)
        | Value::Timestamp(value)
        | Value::Timestamptz(value)
        | Value::TimestampNs(value)
        | Value::TimestamptzNs(value) => Some(i128::from(*value)),
        Value::Decimal { unscaled, .. } => Some(*unscaled),
        _ => None,
    };
    // Only what is read back as that very value is what was stored for it.
    let same = |physical: Physical<'_>| {
        let back = physical.value(primitive, column)?;
        back.compare(value).filter(|order| order.is_eq()).map(drop)
    };
    Some(match column.physical_type() {
        PhysicalType::INT32 => {
            let integer = i32::try_from(integer()?).ok()?;
            same(Physical::Int32(integer))?;
            vec![integer.to_le_bytes().to_vec()]
        }
        PhysicalType::INT64 => {
            let integer = i64::try_from(integer()?).ok()?;
            same(Physical::Int64(integer))?;
            vec![integer.to_le_bytes().to_vec()]
        }
        PhysicalType::FLOAT => {
            let float = match value {
                Value::Float(float) => *float,
                Value::Double(double) => *double as f32,
                _ => return None,
            };
            same(Physical::Float(float))?;
            // -0.0 is equal to 0.0 and has another hash.
            let equal: &[f32] = if float == 0.0 { &[0.0, -0.0] } else { &[float] };
            equal.iter().map(|float| float.to_le_bytes().to_vec()).collect()
        }
        PhysicalType::DOUBLE => {
            let Value::Double(double) = value else { return None };
            same(Physical::Double(*double))?;
            let equal: &[f64] = if *double == 0.0 { &[0.0, -0.0] } else { &[*double] };
            equal.iter().map(|double| double.to_le_bytes().to_vec()).collect()
        }
        // Decimals of any length may have leading zeros.
        PhysicalType::BYTE_ARRAY => match value {
            Value::String(_) | Value::Binary(_) => vec![value.to_bytes()],
            _ => return None,
        },
        PhysicalType::FIXED_LEN_BYTE_ARRAY => {
            let bytes = match value {
                Value::Decimal { unscaled, .. } => {
                    let length = usize::try_from(column.type_length()).ok().filter(|length| *length <= 16)?;
                    unscaled.to_be_bytes().get(16 - length..)?.to_vec()
                }
                Value::Uuid(_) | Value::Fixed(_) => value.to_bytes(),
                _ => return None,
            };
            same(Physical::Bytes(&bytes))?;
            vec![bytes]
        }
        PhysicalType::BOOLEAN | PhysicalType::INT96 => return None,
    })
}
