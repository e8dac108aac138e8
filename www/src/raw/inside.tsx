import { readable } from "../lib/json.js";
import { useState } from "preact/hooks";
import { baseName } from "../files/tree.js";
import { useResource } from "../state/resource.js";
import { current, type Model } from "../state/table.js";
import { go, view } from "../state/view.js";
import { ErrorNote, Skeleton } from "../ui/note.js";
import { Text } from "./text.js";

/** So many files of each kind can be chosen here; the others from their list. */
const CHOICES = 200;

/** A manifest list or a manifest as JSON, or the footer of a Parquet file. */
export function Inside({ model }: { model: Model }) {
  const snapshotId = current.value?.snapshotId;
  const { file } = view.value;
  // Their names are in the manifests, which are many.
  const [isListing, setListing] = useState(false);
  const choices = useResource(async (signal) => {
    if (snapshotId === undefined) return undefined;
    const [snapshots, manifests] = await Promise.all([
      model.table.inspect("snapshots", { signal }),
      model.table.inspect("manifests", { snapshotId, signal }),
    ]);
    const list = snapshots.find((row) => row["snapshot_id"] === snapshotId)?.["manifest_list"] as string | null | undefined;
    return { lists: list ? [list] : [], manifests: manifests.map((row) => String(row["path"])) };
  }, [model, snapshotId]);
  const files = useResource(async (signal) => {
    if (snapshotId === undefined || !isListing) return [];
    const rows = await model.table.inspect("files", { snapshotId, signal });
    return rows.filter((row) => row["file_format"] === "PARQUET").slice(0, CHOICES).map((row) => String(row["file_path"]));
  }, [model, snapshotId, isListing]);
  const text = useResource(async (signal) => {
    if (!file) return undefined;
    return file.endsWith(".avro") ? model.table.manifestJson(file, { signal }) : model.table.parquetFooter(file, { signal });
  }, [model, file]);

  if (snapshotId === undefined) return null;
  const error = choices.error ?? files.error;
  const { lists = [], manifests = [] } = choices.value ?? {};
  const known = [...lists, ...manifests.slice(0, CHOICES), ...(files.value ?? [])];
  return (
    <>
    <section>
      <h2><label for="inside">Inside of a file</label> <small>manifests as JSON, and what footers of Parquet files say</small></h2>
      <select id="inside" value={file} onChange={(event) => go({ file: event.currentTarget.value }, { replace: true })}>
        <option value="">Choose a file of this snapshot</option>
        {file && !known.includes(file) && <option value={file}>{baseName(file)}</option>}
        <Group label="Manifest list" paths={lists} />
        <Group label="Manifests" paths={manifests.slice(0, CHOICES)} />
        <Group label="Data and delete files" paths={files.value ?? []} />
      </select>
      {!isListing && <button type="button" onClick={() => setListing(true)}>List data files too</button>}
      {error !== undefined && <ErrorNote error={error} retry={() => (choices.error === undefined ? files.retry() : choices.retry())} />}
      {file && text.error !== undefined && <ErrorNote error={text.error} retry={text.retry} />}
      {file && text.isLoading && <Skeleton rows={6} label="Reading the file" />}
    </section>
    {file && !text.isLoading && text.value !== undefined && (
      <Text title={file.endsWith(".avro") ? "Manifest" : "Parquet footer"} facts={baseName(file)} json={text.value} name={`${baseName(file)}.json`} write={readable} />
    )}
    </>
  );
}

function Group({ label, paths }: { label: string; paths: string[] }) {
  if (paths.length === 0) return null;
  return <optgroup label={label}>{paths.map((path) => <option key={path} value={path}>{baseName(path)}</option>)}</optgroup>;
}
