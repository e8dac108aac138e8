import type { Field, TableSchema } from "datashard/worker";

export interface Schema extends TableSchema {
  "schema-id": number;
}

/** What of a table's metadata the page needs. Ids of snapshots are texts. */
export interface Metadata {
  formatVersion: number;
  uuid: string;
  properties: [string, string][];
  schemas: Schema[];
  currentSchemaId: number;
  currentSnapshotId: string | undefined;
  /** The schema with which a snapshot was made. */
  schemaOf: Map<string, number>;
  specs: PartitionSpec[];
  defaultSpecId: number;
}

export interface PartitionSpec {
  "spec-id": number;
  fields: { name: string; transform: string; "source-id": number }[];
}

type Json = Record<string, unknown>;

/** From JSON in which long ids are texts. The module has checked it. */
export function readMetadata(parsed: unknown): Metadata {
  const json = parsed as Json;
  const snapshots = (json["snapshots"] ?? []) as Json[];
  const current = json["current-snapshot-id"];
  const schemas = (json["schemas"] ?? [json["schema"]]) as Schema[];
  const specs = json["partition-specs"] as PartitionSpec[] | undefined;
  return {
    formatVersion: Number(json["format-version"]),
    uuid: String(json["table-uuid"] ?? ""),
    properties: Object.entries((json["properties"] ?? {}) as Record<string, string>).sort(),
    schemas: schemas.map((schema) => ({ ...schema, "schema-id": schema["schema-id"] ?? 0 })),
    currentSchemaId: Number(json["current-schema-id"] ?? 0),
    currentSnapshotId: current === undefined || current === null || Number(current) === -1 ? undefined : String(current),
    schemaOf: new Map(snapshots.map((one) => [String(one["snapshot-id"]), Number(one["schema-id"] ?? json["current-schema-id"] ?? 0)])),
    specs: specs ?? [{ "spec-id": 0, fields: (json["partition-spec"] ?? []) as PartitionSpec["fields"] }],
    defaultSpecId: Number(json["default-spec-id"] ?? 0),
  };
}

/** The columns that a snapshot is read with; those of the table, if it is the newest. */
export function columnsAt(metadata: Metadata, snapshot: string | undefined): Field[] {
  const id = snapshot === undefined ? metadata.currentSchemaId : (metadata.schemaOf.get(snapshot) ?? metadata.currentSchemaId);
  return metadata.schemas.find((schema) => schema["schema-id"] === id)?.fields ?? [];
}
