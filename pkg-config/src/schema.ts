/** A type of Iceberg: `long`, `decimal(12, 2)`, `timestamptz`, or a nested one. */
export type FieldType =
  | PrimitiveType
  | { type: "struct"; fields: Field[] }
  | { type: "list"; element: FieldType; "element-required"?: boolean; "element-id"?: number }
  | {
      type: "map";
      key: FieldType;
      value: FieldType;
      "value-required"?: boolean;
      "key-id"?: number;
      "value-id"?: number;
    };

export type PrimitiveType =
  | "boolean"
  | "int"
  | "long"
  | "float"
  | "double"
  | "date"
  | "time"
  | "timestamp"
  | "timestamptz"
  | "timestamp_ns"
  | "timestamptz_ns"
  | "string"
  | "uuid"
  | "binary"
  | "variant"
  | "unknown"
  | `decimal(${number}, ${number})`
  | `decimal(${number},${number})`
  | `fixed[${number}]`;

export interface Field {
  /** Left out when a table is created: the table numbers its columns itself. */
  id?: number;
  name: string;
  type: FieldType;
  required?: boolean;
  doc?: string;
  /** What rows have that were written before the column was added, and what those get that have no value for it (version 3). */
  "initial-default"?: unknown;
  "write-default"?: unknown;
}

/** Iceberg's JSON of a schema. */
export interface TableSchema {
  type?: "struct";
  "schema-id"?: number;
  fields: Field[];
}
