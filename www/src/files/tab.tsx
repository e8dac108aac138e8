import { useState } from "preact/hooks";
import { bytes, count, many } from "../lib/format.js";
import { useResource } from "../state/resource.js";
import { current, type Model } from "../state/table.js";
import { go, href, view } from "../state/view.js";
import { ErrorNote, Skeleton } from "../ui/note.js";
import { Histogram } from "./histogram.js";
import { Partitions } from "./partitions.js";
import { baseName, dataFile, tree, type DataFile, type ManifestNode } from "./tree.js";
import { Wide } from "../ui/wide.js";

/** So many files of a manifest are there at once. */
const SHOWN = 100;

/** What the snapshot is made of: manifests, and the files that they list. */
export function FilesTab({ model }: { model: Model }) {
  const snapshotId = current.value?.snapshotId;
  const parts = useResource(async (signal) => {
    if (snapshotId === undefined) return undefined;
    const manifests = await model.table.inspect("manifests", { snapshotId, signal });
    const rows = await model.table.inspect("files", { snapshotId, signal });
    // What the files were read from is at hand now.
    const partitions = await model.table.inspect("partitions", { snapshotId, signal });
    const files = rows.map((row) => dataFile(row, model.metadata.specs));
    return { files, nodes: tree(manifests, files), partitions };
  }, [model, snapshotId]);

  if (snapshotId === undefined) return <p class="page quiet">There is no snapshot here, and so no file.</p>;
  if (parts.error !== undefined) return <div class="page"><ErrorNote error={parts.error} retry={parts.retry} /></div>;
  if (!parts.value) return <div class="page"><Skeleton rows={12} label="Reading manifests" /></div>;
  const { files, nodes, partitions } = parts.value;
  const data = files.filter(({ kind }) => kind === "data");
  return (
    <div class="page">
      <section>
        <h2>Files <small>{facts(files)}</small></h2>
        {data.length > 0 ? <Histogram files={data} /> : <p class="quiet">The snapshot has no data file.</p>}
      </section>
      <Partitions rows={partitions} specs={model.metadata.specs} />
      <section>
        <h2>Manifests <small>{nodes ? count(nodes.length) : "those of older writers, which do not count their files"}</small></h2>
        <Wide label="Manifests and files">
          <table class="tree">
            <thead>
              <tr><th>File</th><th>Kind</th><th class="number">Rows</th><th class="number">Size</th><th>Inside, partition</th></tr>
            </thead>
            {nodes ? nodes.map((node) => <Manifest key={node.path} node={node} />) : <tbody><Files files={files} /></tbody>}
          </table>
        </Wide>
      </section>
    </div>
  );
}

/** To what a file holds. */
function Look({ path }: { path: string }) {
  const to = { tab: "raw", file: path } as const;
  return (
    <a href={href({ ...view.value, ...to })} aria-label={`Look into ${baseName(path)}`} onClick={(event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(to);
    }}>Look</a>
  );
}

function facts(files: DataFile[]): string {
  const data = files.filter(({ kind }) => kind === "data");
  const size = data.reduce((sum, file) => sum + file.bytes, 0);
  const average = data.length > 0 ? `, ${bytes(size / data.length)} on average` : "";
  const deletes = files.length - data.length;
  return `${many(data.length, "data file")}, ${bytes(size)}${average}${deletes > 0 ? `, ${many(deletes, "delete file")}` : ""}`;
}

function Manifest({ node }: { node: ManifestNode }) {
  const [isOpen, setOpen] = useState(false);
  const rows = node.files.reduce((sum, file) => sum + file.rows, 0);
  return (
    <tbody>
      <tr class="manifest">
        <th scope="row">
          <button type="button" class="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} title={node.path}>
            {baseName(node.path)}
          </button>
        </th>
        <td>{many(node.files.length, node.kind === "data" ? "data file" : "delete file")}</td>
        <td class="number">{count(rows)}</td>
        <td class="number">{bytes(node.bytes)}</td>
        <td><Look path={node.path} /></td>
      </tr>
      {isOpen && <Files files={node.files} />}
    </tbody>
  );
}

function Files({ files }: { files: DataFile[] }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      {files.slice(0, shown).map((file) => (
        <tr key={file.path}>
          <th scope="row" class="leaf" title={file.path}>{baseName(file.path)}</th>
          <td>{file.kind === "data" ? file.format.toLowerCase() : file.kind}</td>
          <td class="number">{count(file.rows)}</td>
          <td class="number">{bytes(file.bytes)}</td>
          <td>{file.format === "PARQUET" && <Look path={file.path} />} {file.partition}</td>
        </tr>
      ))}
      {files.length > shown && (
        <tr><td colSpan={5}><button type="button" onClick={() => setShown(shown + 1_000)}>Show {count(Math.min(1_000, files.length - shown))} more</button></td></tr>
      )}
    </>
  );
}
