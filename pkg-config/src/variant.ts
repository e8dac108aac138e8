// Values of the type `variant`, as the Parquet specification encodes them (VariantEncoding.md).

import { DataShardError } from "./error.js";
import { dateText, decimalText, timestampText, timeText, uuidText } from "./text.js";

const DEEPEST = 500;

/** An object, an array, a text, a number, a bigint (of 64 bits), a boolean, null or bytes; all else is a text, as in columns. */
export function variantValue(metadata: Uint8Array, value: Uint8Array): unknown {
  try {
    const names = dictionary(metadata);
    return read(new DataView(value.buffer, value.byteOffset, value.byteLength), 0, names, 0);
  } catch (cause) {
    if (cause instanceof DataShardError) throw cause;
    throw new DataShardError("invalid-data", "a variant is malformed", { cause });
  }
}

function dictionary(bytes: Uint8Array): (id: number) => string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = (view.getUint8(0) >> 6) + 1;
  const count = unsigned(view, 1, width);
  const start = 1 + width * (count + 2);
  return (id) => {
    if (id >= count) throw new RangeError("a name that is not in the dictionary");
    const [from, to] = [unsigned(view, 1 + width * (id + 1), width), unsigned(view, 1 + width * (id + 2), width)];
    return utf8(bytes.subarray(start + from, start + to));
  };
}

function read(view: DataView, at: number, name: (id: number) => string, depth: number): unknown {
  if (depth > DEEPEST) throw new RangeError("it nests too deep");
  const header = view.getUint8(at);
  const info = header >> 2;
  switch (header & 3) {
    case 0:
      return primitive(view, at + 1, info);
    case 1:
      return utf8(bytes(view, at + 1, info));
    case 2: {
      const [offsetWidth, idWidth, isLarge] = [(info & 3) + 1, ((info >> 2) & 3) + 1, info & 16];
      const count = unsigned(view, at + 1, isLarge ? 4 : 1);
      const ids = at + 1 + (isLarge ? 4 : 1);
      const offsets = ids + count * idWidth;
      const values = offsets + (count + 1) * offsetWidth;
      const entries: [string, unknown][] = [];
      for (let i = 0; i < count; i++) {
        const inner = values + unsigned(view, offsets + i * offsetWidth, offsetWidth);
        entries.push([name(unsigned(view, ids + i * idWidth, idWidth)), read(view, inner, name, depth + 1)]);
      }
      return Object.fromEntries(entries);
    }
    default: {
      const [offsetWidth, isLarge] = [(info & 3) + 1, info & 4];
      const count = unsigned(view, at + 1, isLarge ? 4 : 1);
      const offsets = at + 1 + (isLarge ? 4 : 1);
      const values = offsets + (count + 1) * offsetWidth;
      const items: unknown[] = [];
      for (let i = 0; i < count; i++) {
        items.push(read(view, values + unsigned(view, offsets + i * offsetWidth, offsetWidth), name, depth + 1));
      }
      return items;
    }
  }
}

function primitive(view: DataView, at: number, type: number): unknown {
  switch (type) {
    case 0:
      return null;
    case 1:
    case 2:
      return type === 1;
    case 3:
      return view.getInt8(at);
    case 4:
      return view.getInt16(at, true);
    case 5:
      return view.getInt32(at, true);
    case 6:
      return view.getBigInt64(at, true);
    case 7:
      return view.getFloat64(at, true);
    case 8:
      return decimalText(BigInt(view.getInt32(at + 1, true)), view.getUint8(at));
    case 9:
      return decimalText(view.getBigInt64(at + 1, true), view.getUint8(at));
    case 10: {
      const high = view.getBigInt64(at + 9, true) << 64n;
      return decimalText(high | view.getBigUint64(at + 1, true), view.getUint8(at));
    }
    case 11:
      return dateText(view.getInt32(at, true));
    case 12:
    case 13:
      return timestampText(view.getBigInt64(at, true), 6, type === 12);
    case 14:
      return view.getFloat32(at, true);
    case 15:
      return bytes(view, at + 4, view.getUint32(at, true)).slice();
    case 16:
      return utf8(bytes(view, at + 4, view.getUint32(at, true)));
    case 17:
      return timeText(view.getBigInt64(at, true));
    case 18:
    case 19:
      return timestampText(view.getBigInt64(at, true), 9, type === 18);
    case 20:
      return uuidText(bytes(view, at, 16));
    default:
      throw new DataShardError("unsupported", `a variant of the type ${type}`);
  }
}

function bytes(view: DataView, at: number, length: number): Uint8Array {
  if (at + length > view.byteLength) throw new RangeError("it is cut off");
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

function unsigned(view: DataView, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value += view.getUint8(at + i) * 2 ** (8 * i);
  return value;
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
