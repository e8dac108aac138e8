import { useMemo, useState } from "preact/hooks";
import { ago, bytes, count, shortId, time } from "../lib/format.js";
import { useResource } from "../state/resource.js";
import { current, type Model } from "../state/table.js";
import { go, view } from "../state/view.js";
import { ErrorNote, Skeleton } from "../ui/note.js";
import { Wide } from "../ui/wide.js";
import { Chart } from "./chart.js";
import { commits, type Commit } from "./commits.js";
import { Compare } from "./compare.js";

/** So many rows of the table are there at once. */
const SHOWN = 200;

/** The history: what each commit did, and the way to go back to it. */
export function SnapshotsTab({ model }: { model: Model }) {
  const all = useMemo(() => commits(model.snapshots), [model]);
  const snapshot = current.value;
  if (all.length === 0) return <p class="page quiet">The table has no snapshot yet: nothing was committed but its schema.</p>;
  const at = snapshot ? model.snapshots.indexOf(snapshot) : all.length - 1;
  const travel = (index: number, replace = false) => {
    const isNewest = String(all[index]!.id) === model.metadata.currentSnapshotId;
    go({ snapshot: isNewest ? "" : String(all[index]!.id) }, { replace });
  };
  const chosen = all[at]!;
  return (
    <div class="page">
      <section>
        <h2>{time(chosen.time)} <small>UTC, {chosen.operation}, snapshot {String(chosen.id)}</small></h2>
        <Chart commits={all} selected={at} onSelect={travel} />
        <input type="range" class="travel" aria-label="Travel to a snapshot" min={0} max={all.length - 1} value={at}
          aria-valuetext={`${time(chosen.time)}, ${count(chosen.rows ?? 0)} rows`} disabled={all.length < 2}
          onInput={(event) => travel(Number(event.currentTarget.value), true)} />
      </section>
      <Refs model={model} />
      <Compare model={model} key={`${view.value.base} ${chosen.id}`} />
      <History all={all} selected={at} travel={travel} />
    </div>
  );
}

function Refs({ model }: { model: Model }) {
  const refs = useResource((signal) => model.table.inspect("refs", { signal }), [model]);
  return (
    <section>
      <h2>Branches and tags</h2>
      {refs.error !== undefined && <ErrorNote error={refs.error} retry={refs.retry} />}
      {!refs.value && refs.isLoading && <Skeleton rows={1} label="Branches and tags" />}
      <ul class="plain">
        {refs.value?.map((ref) => (
          <li key={ref["name"] as string}>
            <span class="tag">{String(ref["type"]).toLowerCase()}</span> <b>{String(ref["name"])}</b>{" "}
            <button type="button" class="link" onClick={() => go({ snapshot: String(ref["snapshot_id"]) })}>snapshot {shortId(ref["snapshot_id"] as bigint)}</button>
          </li>
        ))}
        {refs.value?.length === 0 && <li class="quiet">None</li>}
      </ul>
    </section>
  );
}

function History({ all, selected, travel }: { all: Commit[]; selected: number; travel: (index: number) => void }) {
  const [shown, setShown] = useState(SHOWN);
  const rows = all.map((commit, index) => ({ commit, index })).reverse();
  return (
    <section>
      <h2>Commits <small>{count(all.length)}</small></h2>
      <Wide label="Commits">
        <table>
          <thead>
            <tr><th>Committed (UTC)</th><th>Age</th><th>Operation</th><th class="number">Rows</th><th class="number">Change</th><th class="number">Files</th><th class="number">Size</th><th>Snapshot</th></tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map(({ commit, index }) => (
              <tr key={commit.id} class={index === selected ? "chosen" : ""}>
                <td class="figures">{time(commit.time)}</td>
                <td class="quiet">{ago(commit.time)}</td>
                <td>{commit.operation}</td>
                <td class="number">{commit.rows === undefined ? "" : count(commit.rows)}</td>
                <td class="number">{change(commit)}</td>
                <td class="number">{commit.files === undefined ? "" : count(commit.files)}</td>
                <td class="number">{commit.bytes === undefined ? "" : bytes(commit.bytes)}</td>
                <td>
                  <button type="button" class="link" aria-current={index === selected} title={String(commit.id)} onClick={() => travel(index)}>
                    {shortId(commit.id)}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
      {rows.length > shown && <button type="button" onClick={() => setShown(shown + 1_000)}>Show {count(Math.min(1_000, rows.length - shown))} more</button>}
    </section>
  );
}

function change({ addedRows, deletedRows }: Commit): string {
  const parts = [addedRows > 0 && `+${count(addedRows)}`, deletedRows > 0 && `−${count(deletedRows)}`];
  return parts.filter(Boolean).join(" ");
}
