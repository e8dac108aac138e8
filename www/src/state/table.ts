import { computed, effect, signal, untracked } from "@preact/signals";
import { DataShardError, Warehouse, type Credentials, type Snapshot, type Table } from "datashard/worker";
import { metadataFolder, parse, type Place } from "../lib/address.js";
import { bytes } from "../lib/format.js";
import { parseExact } from "../lib/json.js";
import { beginScan } from "./first.js";
import { readMetadata, type Metadata } from "./metadata.js";
import { ask, forget, noted } from "./requests.js";
import { place, snapshotId } from "./view.js";
import { keysFor } from "./keys.js";

/** An open table, at one version. */
export interface Model {
  table: Table;
  name: string;
  location: string;
  version: number;
  snapshots: Snapshot[];
  metadata: Metadata;
  /** Its text. */
  json: string;
}

export type State =
  | { kind: "closed" }
  | { kind: "opening" }
  | { kind: "failed"; error: unknown }
  | { kind: "open"; model: Model };

export const state = signal<State>({ kind: "closed" });
const attempt = signal(0);

/** The snapshot that is looked at; the newest, if the URL names none. */
export const current = computed(() => {
  if (state.value.kind !== "open") return undefined;
  const { snapshots, metadata } = state.value.model;
  const wanted = snapshotId.value ?? metadata.currentSnapshotId;
  return snapshots.find((snapshot) => String(snapshot.snapshotId) === wanted);
});

/** Opens again what the URL names. */
export function reopen(): void {
  attempt.value += 1;
}

effect(() => {
  attempt.value;
  const wanted = JSON.parse(place.value) as Place;
  const keys = keysFor(wanted);
  if (!wanted.address) {
    state.value = { kind: "closed" };
    return;
  }
  const abort = new AbortController();
  untracked(() => void open(wanted, keys, abort.signal));
  return () => abort.abort();
});

/** Milliseconds that the first rows are waited for. */
const SOON = 200;

async function open(wanted: Place, keys: Credentials | undefined, signal: AbortSignal): Promise<void> {
  state.value = { kind: "opening" };
  forget();
  try {
    const { store, table: name, isFile } = parse(wanted, keys, noted);
    if (!keys && !isFile) void ahead(wanted);
    const warehouse = new Warehouse(store);
    const table = await (isFile ? warehouse.openMetadata(name, { signal }) : warehouse.open(name, { signal }));
    const rows = beginScan(table);
    const model = await describe(table, name);
    // The page is laid out once, with its rows, where they come soon: meanwhile it can do nothing else, not even fetch them.
    await Promise.race([rows, new Promise((resolve) => setTimeout(resolve, SOON))]);
    if (!signal.aborted) state.value = { kind: "open", model };
  } catch (error) {
    if (!signal.aborted) state.value = { kind: "failed", error };
  }
}

/** Asks for the head of a public table while the module is loaded: for what is said to be its newest version. */
async function ahead(where: Place): Promise<void> {
  const folder = metadataFolder(where);
  if (!folder) return;
  const hint = await ask(`${folder}/version-hint.text`).catch(() => undefined);
  const version = hint?.ok ? (await hint.clone().text()).trim() : "";
  if (/^\d{1,15}$/.test(version)) await ask(`${folder}/v${version}.metadata.json`).catch(() => {});
}

/** More metadata would keep the page from everything else while it is parsed. */
const MOST_METADATA = 16_000_000;

async function describe(table: Table, name: string): Promise<Model> {
  const [location, version, snapshots, json] = await Promise.all([
    table.location(),
    table.version(),
    table.snapshots(),
    table.metadataJson(),
  ]);
  if (json.length > MOST_METADATA) {
    throw new DataShardError("unsupported", `the metadata of ${location} is ${bytes(json.length)} of JSON, and this page takes ${bytes(MOST_METADATA)}`);
  }
  return { table, name, location, version, snapshots, json, metadata: readMetadata(parseExact(json)) };
}

/** Looks for a newer version. */
export async function refresh(model: Model): Promise<void> {
  const version = await model.table.refresh();
  if (version !== model.version) state.value = { kind: "open", model: await describe(model.table, model.name) };
}
