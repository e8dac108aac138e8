import type { Row } from "datashard/worker";
import type { PartitionSpec } from "../state/metadata.js";

export interface DataFile {
  path: string;
  kind: "data" | "position deletes" | "equality deletes";
  format: string;
  rows: number;
  bytes: number;
  partition: string;
}

export interface ManifestNode {
  path: string;
  bytes: number;
  kind: "data" | "deletes";
  /** Its live files, if it can be told which these are. */
  files: DataFile[];
}

const KINDS = ["data", "position deletes", "equality deletes"] as const;

export function dataFile(row: Row, specs: PartitionSpec[]): DataFile {
  return {
    path: String(row["file_path"]),
    kind: KINDS[row["content"] as number] ?? "data",
    format: String(row["file_format"]),
    rows: Number(row["record_count"]),
    bytes: Number(row["file_size_in_bytes"]),
    partition: partitionText(row["partition"] as Row | null | undefined, specOf(row, specs)),
  };
}

/** Manifests with their files. Files come in the order of manifests, each with as many as it has live. */
export function tree(manifests: Row[], files: DataFile[]): ManifestNode[] | undefined {
  let at = 0;
  const nodes = manifests.map((row): ManifestNode => {
    const isData = row["content"] === 0;
    const live = (kind: string) => Number(row[`added_${kind}_files_count`] ?? 0) + Number(row[`existing_${kind}_files_count`] ?? 0);
    const start = at;
    at += live(isData ? "data" : "delete");
    return { path: String(row["path"]), bytes: Number(row["length"]), kind: isData ? "data" : "deletes", files: files.slice(start, at) };
  });
  return at === files.length ? nodes : undefined;
}

/** The values of a partition's fields: of its spec's alone, where the table had other specs too. */
export function partitionText(partition: Row | null | undefined, spec?: PartitionSpec): string {
  if (!partition) return "";
  const all = Object.entries(partition).filter(([, value]) => value !== undefined);
  const own = all.filter(([name]) => spec?.fields.some((field) => field.name === name));
  return (own.length > 0 ? own : all).map(([name, value]) => `${name}=${value === null ? "null" : String(value)}`).join(", ");
}

export function specOf(row: Row, specs: PartitionSpec[]): PartitionSpec | undefined {
  return specs.find((spec) => spec["spec-id"] === row["spec_id"]);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
