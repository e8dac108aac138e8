import type { Place } from "../lib/address.js";

/** A view as code has it. */
export interface Wanted extends Place {
  /** Below the bucket. */
  table: string;
  bucket: string;
  /** As other engines find the table. */
  location: string;
  metadataFile: string | undefined;
  columns: string[];
  filter: string;
  snapshot: string;
}

export interface Snippet {
  name: string;
  text: string;
  /** What the code leaves open. */
  note?: string;
}

export function snippets(wanted: Wanted): Snippet[] {
  return [typeScript(wanted), rust(wanted), pyIceberg(wanted), duckDb(wanted)];
}

const isS3 = ({ address }: Wanted) => /^s3/.test(address);
const text = (value: string) => JSON.stringify(value);
const lines = (...all: (string | false)[]) => all.filter((line) => line !== false).join("\n");

function typeScript(wanted: Wanted): Snippet {
  const { columns, filter, snapshot, bucket, endpoint, region, table } = wanted;
  const url = isS3(wanted) ? undefined : new URL(wanted.address);
  const store = url
    ? `https(${text(`${url.origin}/${bucket}`)})`
    : `s3({ bucket: ${text(bucket)}${endpoint && `, endpoint: ${text(endpoint)}`}${region && `, region: ${text(region)}`}, credentials })`;
  const options = [
    columns.length > 0 && `select: ${list(columns)}`,
    filter && `filter: ${text(filter)}`,
    snapshot && `snapshotId: ${snapshot}n`,
  ].filter(Boolean);
  return {
    name: "TypeScript",
    text: lines(
      `import { ${url ? "https" : "s3"}, Warehouse } from "datashard";`,
      "",
      `const warehouse = new Warehouse(${store});`,
      `const table = await warehouse.open(${text(table)});`,
      `for await (const row of table.scan(${options.length > 0 ? `{ ${options.join(", ")} }` : ""}).rows()) console.log(row);`,
    ),
    ...(!url && { note: "Leave out credentials for a public bucket." }),
  };
}

function rust(wanted: Wanted): Snippet {
  const { columns, filter, snapshot, table, bucket, endpoint, region } = wanted;
  return {
    name: "Rust",
    text: lines(
      "use datashard::Warehouse;",
      "use futures::TryStreamExt;",
      "",
      `let table = Warehouse::from_env()?.open(${text(table)}).await?;`,
      "let mut batches = table",
      "    .scan()",
      columns.length > 0 && `    .select(${list(columns)})`,
      filter !== "" && `    .filter(${text(filter)})`,
      snapshot !== "" && `    .at_snapshot(${snapshot})`,
      "    .stream()",
      "    .await?;",
      "while let Some(batch) = batches.try_next().await? {",
      '    println!("{} rows", batch.num_rows());',
      "}",
    ),
    note: isS3(wanted)
      ? `In the environment: DATASHARD_S3_BUCKET=${bucket}${endpoint && ` DATASHARD_S3_ENDPOINT=${endpoint}`}${region && ` DATASHARD_S3_REGION=${region}`}, and the keys.`
      : "A bucket is named by DATASHARD_S3_BUCKET and DATASHARD_S3_ENDPOINT in the environment.",
  };
}

function pyIceberg(wanted: Wanted): Snippet {
  const { columns, filter, snapshot, endpoint, region, metadataFile, location } = wanted;
  const properties = [endpoint && `"s3.endpoint": ${text(endpoint)}`, region && `"s3.region": ${text(region)}`].filter(Boolean);
  const options = [
    filter && `row_filter=${text(filter)}`,
    columns.length > 0 && `selected_fields=(${columns.map(text).join(", ")},)`,
    snapshot && `snapshot_id=${snapshot}`,
  ].filter(Boolean);
  return {
    name: "PyIceberg",
    text: lines(
      "from pyiceberg.table import StaticTable",
      "",
      `table = StaticTable.from_metadata(${text(metadataFile ?? `${location}/metadata/…`)}${properties.length > 0 ? `, {${properties.join(", ")}}` : ""})`,
      `print(table.scan(${options.join(", ")}).to_arrow())`,
    ),
    ...(filter && { note: "Its filters know fewer forms than those of this page." }),
  };
}

function duckDb(wanted: Wanted): Snippet {
  const { columns, filter, snapshot, endpoint, region, metadataFile, location } = wanted;
  const host = endpoint.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const name = (column: string) => (/^[a-z_][a-z0-9_]*$/.test(column) ? column : `"${column.replaceAll('"', '""')}"`);
  const sql = (value: string) => `'${value.replaceAll("'", "''")}'`;
  const secret = [
    "TYPE s3",
    "PROVIDER credential_chain",
    host && `ENDPOINT ${sql(host)}`,
    host && "URL_STYLE 'path'",
    endpoint.startsWith("http:") && "USE_SSL false",
    region && `REGION ${sql(region)}`,
  ].filter(Boolean);
  return {
    name: "DuckDB",
    text: lines(
      "INSTALL iceberg; LOAD iceberg;",
      isS3(wanted) && `CREATE SECRET (\n  ${secret.join(",\n  ")}\n);`,
      `SELECT ${columns.length > 0 ? columns.map(name).join(", ") : "*"}`,
      `FROM iceberg_scan(${sql(metadataFile ?? location)}${snapshot && `, snapshot_from_id = ${snapshot}`})${filter ? "" : ";"}`,
      filter !== "" && `WHERE ${filter};`,
    ),
  };
}

/** As both Rust and TypeScript write an array of texts. */
function list(all: string[]): string {
  return `[${all.map(text).join(", ")}]`;
}
