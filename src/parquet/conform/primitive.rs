use std::fmt::Display;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, BinaryArray, Decimal128Array, PrimitiveArray, StringArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};

use crate::parquet::misfit::{Fit, Misfit};
use crate::spec::PrimitiveType;
use crate::spec::primitive_to_arrow;

/// A plain array of this type with the same values. `live` tells the rows that hold one.
pub(super) fn fit_primitive(array: &ArrayRef, wanted: PrimitiveType, live: Option<NullBuffer>) -> Fit<ArrayRef> {
    let target = primitive_to_arrow(wanted).map_err(|error| Misfit::column(error.to_string()))?;
    let from = array.data_type();
    if from == &target {
        return check_same(array, wanted, live.as_ref());
    }
    let cast = Cast { array, live, wanted };
    let fitted: Option<ArrayRef> = match (from, &target) {
        (_, DataType::Int32) => cast.integer(false)?,
        (_, DataType::Int64) => cast.integer(true)?,
        (DataType::Float16, DataType::Float32) => {
            Some(cast.map::<Float16Type, Float32Type>(|value| Some(f32::from(value)))?)
        }
        (DataType::Float16, DataType::Float64) => {
            Some(cast.map::<Float16Type, Float64Type>(|value| Some(f64::from(value)))?)
        }
        (DataType::Float32, DataType::Float64) => {
            Some(cast.map::<Float32Type, Float64Type>(|value| Some(f64::from(value)))?)
        }
        (_, DataType::Decimal128(precision, scale)) => cast.decimal(*precision, *scale)?,
        (DataType::Date64, DataType::Date32) => Some(cast.map::<Date64Type, Date32Type>(|millis| {
            (millis % 86_400_000 == 0).then(|| i32::try_from(millis / 86_400_000).ok()).flatten()
        })?),
        (_, DataType::Time64(_)) => cast.time()?,
        (DataType::Timestamp(unit, zone), DataType::Timestamp(to, wanted)) if zone.is_some() == wanted.is_some() => {
            cast.timestamp(*unit, *to, wanted.clone())?
        }
        (DataType::LargeUtf8, DataType::Utf8) => Some(cast.strings(array.as_string::<i64>().iter())?),
        (DataType::Utf8View, DataType::Utf8) => Some(cast.strings(array.as_string_view().iter())?),
        (DataType::LargeBinary, DataType::Binary) => Some(cast.bytes(array.as_binary::<i64>().iter())?),
        (DataType::BinaryView, DataType::Binary) => Some(cast.bytes(array.as_binary_view().iter())?),
        (DataType::FixedSizeBinary(_), DataType::Binary) => Some(cast.bytes(array.as_fixed_size_binary().iter())?),
        _ => None,
    };
    fitted.ok_or_else(|| {
        let hint = match (from, &target) {
            (DataType::Timestamp(_, Some(_)), DataType::Timestamp(_, None)) => {
                ": a point in time is no local date and time; convert it first"
            }
            (DataType::Timestamp(_, None), DataType::Timestamp(_, Some(_))) => {
                ": a local date and time is no point in time; give it a time zone first"
            }
            _ => "",
        };
        let first = (0..array.len()).find(|row| array.is_valid(*row));
        let what = format!("Arrow's {from} is never converted to type {wanted}{hint}");
        match first.and_then(|row| Some((row, number_text(array, row)?))) {
            Some((row, value)) => Misfit::row(row, format!("{value}: {what}")),
            None => Misfit::column(what),
        }
    })
}

/// Arrow lets values into arrays which their type does not allow: decimals of too many digits, times beyond midnight.
fn check_same(array: &ArrayRef, wanted: PrimitiveType, live: Option<&NullBuffer>) -> Fit<ArrayRef> {
    let alive = |row: &usize| live.is_none_or(|live| live.is_valid(*row));
    match wanted {
        PrimitiveType::Decimal { precision, .. } => {
            let (values, limit) = (array.as_primitive::<Decimal128Type>(), limit(precision));
            let over = |row: &usize| values.values().get(*row).is_some_and(|value| value.unsigned_abs() >= limit);
            match (0..array.len()).filter(over).find(alive) {
                Some(row) => Err(Misfit::value(row, values.value_as_string(row), wanted)),
                None => Ok(array.clone()),
            }
        }
        PrimitiveType::Time => {
            let values = array.as_primitive::<Time64MicrosecondType>();
            let over = |row: &usize| values.values().get(*row).is_some_and(|value| !(0..DAY).contains(value));
            match (0..array.len()).filter(over).find(alive) {
                Some(row) => Err(Misfit::value(row, format!("{} microseconds", values.value(row)), wanted)),
                None => Ok(array.clone()),
            }
        }
        _ => Ok(array.clone()),
    }
}

const DAY: i64 = 86_400_000_000;

fn limit(precision: u8) -> u128 {
    10_u128.checked_pow(precision.into()).unwrap_or(u128::MAX)
}

/// The number at a row as text, for an error.
fn number_text(array: &ArrayRef, row: usize) -> Option<String> {
    macro_rules! text {
        ($($arrow:ident $primitive:ident)*) => {
            match array.data_type() {
                $(DataType::$arrow => Some(format!("{:?}", array.as_primitive::<$primitive>().value(row))),)*
                DataType::Utf8 => Some(format!("{:?}", array.as_string::<i32>().value(row).chars().take(40).collect::<String>())),
                DataType::Boolean => Some(array.as_boolean().value(row).to_string()),
                _ => None,
            }
        };
    }
    text!(Int8 Int8Type Int16 Int16Type Int32 Int32Type Int64 Int64Type UInt8 UInt8Type UInt16 UInt16Type
        UInt32 UInt32Type UInt64 UInt64Type Float32 Float32Type Float64 Float64Type)
}

struct Cast<'a> {
    array: &'a ArrayRef,
    live: Option<NullBuffer>,
    wanted: PrimitiveType,
}

impl Cast<'_> {
    fn alive(&self, row: usize) -> bool {
        self.live.as_ref().is_none_or(|live| live.is_valid(row))
    }

    fn map<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
        &self,
        convert: impl Fn(F::Native) -> Option<T::Native>,
    ) -> Fit<ArrayRef>
    where
        F::Native: Display,
    {
        Ok(Arc::new(self.map_array::<F, T>(convert)?))
    }

    fn map_array<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
        &self,
        convert: impl Fn(F::Native) -> Option<T::Native>,
    ) -> Fit<PrimitiveArray<T>>
    where
        F::Native: Display,
    {
        let from = self.array.as_primitive::<F>();
        let mut values = Vec::with_capacity(from.len());
        for (row, value) in from.values().iter().enumerate() {
            values.push(match convert(*value) {
                Some(value) => value,
                None if self.alive(row) => return Err(Misfit::value(row, value, self.wanted)),
                None => T::Native::default(),
            });
        }
        Ok(PrimitiveArray::new(values.into(), self.live.clone()))
    }

    /// By way of 64 bits: few loops for many types.
    fn integer(&self, wide: bool) -> Fit<Option<ArrayRef>> {
        macro_rules! widened {
            ($from:ident) => {
                self.map::<$from, Int64Type>(|value| i64::try_from(value).ok())?
            };
        }
        let array = match self.array.data_type() {
            DataType::Int8 => widened!(Int8Type),
            DataType::Int16 => widened!(Int16Type),
            DataType::Int32 => widened!(Int32Type),
            DataType::Int64 => self.array.clone(),
            DataType::UInt8 => widened!(UInt8Type),
            DataType::UInt16 => widened!(UInt16Type),
            DataType::UInt32 => widened!(UInt32Type),
            DataType::UInt64 => widened!(UInt64Type),
            _ => return Ok(None),
        };
        if wide {
            return Ok(Some(array));
        }
        let narrowed = Cast { array: &array, live: self.live.clone(), wanted: self.wanted };
        narrowed.map::<Int64Type, Int32Type>(|value| i32::try_from(value).ok()).map(Some)
    }

    fn decimal(&self, precision: u8, scale: i8) -> Fit<Option<ArrayRef>> {
        let rescale = |unscaled: i128, from: i8| -> Option<i128> {
            let factor = 10_i128.checked_pow(u32::from(scale.abs_diff(from)))?;
            let value = if scale >= from {
                unscaled.checked_mul(factor)?
            } else {
                (unscaled % factor == 0).then_some(unscaled / factor)?
            };
            (value.unsigned_abs() < limit(precision)).then_some(value)
        };
        let array = match *self.array.data_type() {
            DataType::Decimal32(_, from) => {
                self.map_array::<Decimal32Type, Decimal128Type>(|value| rescale(value.into(), from))?
            }
            DataType::Decimal64(_, from) => {
                self.map_array::<Decimal64Type, Decimal128Type>(|value| rescale(value.into(), from))?
            }
            DataType::Decimal128(_, from) => {
                self.map_array::<Decimal128Type, Decimal128Type>(|value| rescale(value, from))?
            }
            DataType::Decimal256(_, from) => {
                self.map_array::<Decimal256Type, Decimal128Type>(|value| rescale(value.to_i128()?, from))?
            }
            _ => return Ok(None),
        };
        let (_, values, nulls) = array.into_parts();
        let array = Decimal128Array::new(values, nulls)
            .with_precision_and_scale(precision, scale)
            .map_err(|error| Misfit::column(error.to_string()))?;
        Ok(Some(Arc::new(array)))
    }

    fn time(&self) -> Fit<Option<ArrayRef>> {
        let of_day = |micros: i64| (0..DAY).contains(&micros).then_some(micros);
        type Micros = Time64MicrosecondType;
        Ok(Some(match self.array.data_type() {
            DataType::Time32(TimeUnit::Second) => {
                self.map::<Time32SecondType, Micros>(|value| of_day(i64::from(value) * 1_000_000))?
            }
            DataType::Time32(TimeUnit::Millisecond) => {
                self.map::<Time32MillisecondType, Micros>(|value| of_day(i64::from(value) * 1_000))?
            }
            DataType::Time64(TimeUnit::Nanosecond) => self.map::<Time64NanosecondType, Micros>(|value| {
                (value % 1_000 == 0).then(|| of_day(value / 1_000)).flatten()
            })?,
            _ => return Ok(None),
        }))
    }

    fn timestamp(&self, from: TimeUnit, to: TimeUnit, zone: Option<Arc<str>>) -> Fit<Option<ArrayRef>> {
        let nanos = |unit| match unit {
            TimeUnit::Second => 1_000_000_000_i64,
            TimeUnit::Millisecond => 1_000_000,
            TimeUnit::Microsecond => 1_000,
            TimeUnit::Nanosecond => 1,
        };
        let (many, few) = (nanos(from), nanos(to));
        let convert = |value: i64| {
            if many >= few {
                value.checked_mul(many / few)
            } else {
                (value % (few / many) == 0).then_some(value / (few / many))
            }
        };
        let same = match from {
            TimeUnit::Second => self.array.as_primitive::<TimestampSecondType>().reinterpret_cast::<Int64Type>(),
            TimeUnit::Millisecond => self.array.as_primitive::<TimestampMillisecondType>().reinterpret_cast(),
            TimeUnit::Microsecond => self.array.as_primitive::<TimestampMicrosecondType>().reinterpret_cast(),
            TimeUnit::Nanosecond => self.array.as_primitive::<TimestampNanosecondType>().reinterpret_cast(),
        };
        let array: ArrayRef = Arc::new(same);
        let cast = Cast { array: &array, live: self.live.clone(), wanted: self.wanted };
        let array = cast.map_array::<Int64Type, Int64Type>(convert)?;
        Ok(Some(match to {
            TimeUnit::Microsecond => {
                Arc::new(array.reinterpret_cast::<TimestampMicrosecondType>().with_timezone_opt(zone))
            }
            TimeUnit::Nanosecond => {
                Arc::new(array.reinterpret_cast::<TimestampNanosecondType>().with_timezone_opt(zone))
            }
            TimeUnit::Second | TimeUnit::Millisecond => return Ok(None),
        }))
    }

    fn strings<'s>(&self, values: impl Iterator<Item = Option<&'s str>> + Clone) -> Fit<ArrayRef> {
        self.check_total(values.clone().map(|value| value.map_or(0, str::len)))?;
        Ok(Arc::new(values.collect::<StringArray>()))
    }

    fn bytes<'s>(&self, values: impl Iterator<Item = Option<&'s [u8]>> + Clone) -> Fit<ArrayRef> {
        self.check_total(values.clone().map(|value| value.map_or(0, <[u8]>::len)))?;
        Ok(Arc::new(values.collect::<BinaryArray>()))
    }

    /// Offsets of plain text and bytes have 32 bits.
    fn check_total(&self, lengths: impl Iterator<Item = usize>) -> Fit<()> {
        let total = lengths.fold(0_usize, usize::saturating_add);
        match i32::try_from(total) {
            Ok(_) => Ok(()),
            Err(_) => Err(Misfit::column(format!("{total} bytes are too many for one batch: split it"))),
        }
    }
}
