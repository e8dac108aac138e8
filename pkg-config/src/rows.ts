import { tableFromIPC, TimeUnit, Type, type Batch, type DataType, type Field } from "@uwdata/flechette";
import { dateText, decimalText, timestampText, timeText, uuidText } from "./text.js";
import { variantValue } from "./variant.js";

/** A row by the names of its columns. */
export type Row = Record<string, unknown>;

type Value = (index: number) => unknown;

/** The rows of an Arrow IPC stream. Nothing is rounded or cut: what no JavaScript value holds exactly is a text. */
export function* rowsOf<R extends object = Row>(ipc: Uint8Array): Generator<R, void, undefined> {
  const table = tableFromIPC(ipc, { useBigInt: true, useDecimalInt: true });
  const batches = table.children[0]?.data.length ?? 0;
  for (let b = 0; b < batches; b++) {
    const columns = table.schema.fields.map((field, i): [string, Value] => {
      return [field.name, reader(field, table.children[i]!.data[b] as Batch<unknown>)];
    });
    const length = table.children[0]!.data[b]!.length;
    for (let i = 0; i < length; i++) yield object(columns, i) as R;
  }
}

function object(fields: [string, Value][], index: number): Row {
  const row: Row = {};
  for (const [name, value] of fields) {
    // A column may have the name of what all objects have.
    if (name === "__proto__") Object.defineProperty(row, name, { value: value(index), enumerable: true, writable: true });
    else row[name] = value(index);
  }
  return row;
}

function reader(field: Field, batch: Batch<unknown>): Value {
  const value = valueOf(field, batch);
  // Without nulls there may be no bits that say so.
  return batch.nullCount === 0 ? value : (index) => (batch.isValid(index) ? value(index) : null);
}

/** What a value is that is not null. Batches are read by their buffers where their own reading would round. */
function valueOf(field: Field, batch: Batch<unknown>): Value {
  const type = field.type as DataType & { unit: number; timezone: string | null; scale: number; children: Field[] };
  const values = batch.values as unknown as BigInt64Array & Int32Array;
  const offsets = batch.offsets as unknown as Int32Array;
  const extension = field.metadata?.get("ARROW:extension:name");
  const children = () => type.children.map((child, i) => reader(child, batch.children[i] as Batch<unknown>));
  switch (type.typeId) {
    case Type.Null:
      return () => null;
    case Type.Date:
      return (index) => dateText(values[index] as unknown as number);
    case Type.Time:
      return (index) => timeText(values[index]! as unknown as bigint);
    case Type.Timestamp: {
      const digits = type.unit === TimeUnit.NANOSECOND ? 9 : 6;
      return (index) => timestampText(values[index]! as unknown as bigint, digits, type.timezone !== null);
    }
    case Type.Decimal:
      return (index) => decimalText(batch.value(index) as bigint, type.scale);
    case Type.Binary:
    case Type.FixedSizeBinary: {
      const isUuid = extension === "arrow.uuid";
      // The bytes are a part of the whole batch, which would stay in memory with them.
      return (index) => (isUuid ? uuidText(batch.value(index) as Uint8Array) : (batch.value(index) as Uint8Array).slice());
    }
    case Type.Struct: {
      const fields = children().map((value, i): [string, Value] => [type.children[i]!.name, value]);
      if (extension !== "arrow.parquet.variant") return (index) => object(fields, index);
      return (index) => {
        const { metadata, value } = object(fields, index) as Record<string, Uint8Array>;
        return variantValue(metadata!, value!);
      };
    }
    case Type.List: {
      const [element] = children();
      return (index) => between(offsets, index, element!);
    }
    case Type.Map: {
      const [entries] = type.children as (Field & { type: { children: Field[] } })[];
      const pairs = batch.children[0] as Batch<unknown>;
      const [key, value] = entries!.type.children.map((child, i) => reader(child, pairs.children[i] as Batch<unknown>));
      return (index) => new Map(between(offsets, index, (i): [unknown, unknown] => [key!(i), value!(i)]));
    }
    default:
      return (index) => batch.value(index);
  }
}

function between<T>(offsets: Int32Array, index: number, value: (index: number) => T): T[] {
  const [start, end] = [offsets[index]!, offsets[index + 1]!];
  return Array.from({ length: end - start }, (_, i) => value(start + i));
}
