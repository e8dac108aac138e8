import { useState } from "preact/hooks";
import type { Snapshot } from "datashard/worker";
import { count, shortId, time } from "../lib/format.js";
import { useResource } from "../state/resource.js";
import { current, type Model } from "../state/table.js";
import { go, view } from "../state/view.js";
import { ErrorNote, Skeleton } from "../ui/note.js";
import { Wide } from "../ui/wide.js";

/** What lies between an earlier snapshot and the one that is looked at. */
export function Compare({ model }: { model: Model }) {
  const to = current.value;
  if (!to) return null;
  const earlier = ancestors(model.snapshots, to);
  const from = earlier.find(({ snapshotId }) => String(snapshotId) === view.value.base);
  return (
    <section>
      <h2>Compared</h2>
      {earlier.length === 0 ? (
        <p class="quiet">This is the first snapshot.</p>
      ) : (
        <label class="inline">
          {time(to.timestamp)} with{" "}
          <select value={from ? String(from.snapshotId) : ""} onChange={(event) => go({ base: event.currentTarget.value })}>
            <option value="">an earlier snapshot…</option>
            {earlier.map(({ snapshotId, timestamp, operation }) => (
              <option key={snapshotId} value={String(snapshotId)}>{time(timestamp)} {operation} {shortId(snapshotId)}</option>
            ))}
          </select>
        </label>
      )}
      {from && <Difference from={from} to={to} />}
      {from && <Changed model={model} from={from} to={to} />}
    </section>
  );
}

/** Those that a snapshot came from, the nearest first. */
function ancestors(snapshots: Snapshot[], of: Snapshot): Snapshot[] {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]));
  const found: Snapshot[] = [];
  let next = of.parentSnapshotId;
  while (next !== undefined && found.length < snapshots.length) {
    const parent = byId.get(next);
    if (!parent) break;
    found.push(parent);
    next = parent.parentSnapshotId;
  }
  return found;
}

function Difference({ from, to }: { from: Snapshot; to: Snapshot }) {
  const names = Object.keys({ ...from.summary, ...to.summary }).filter((name) => name.startsWith("total-")).sort();
  return (
    <Wide label="Totals">
      <table class="narrow">
        <thead>
          <tr><th>Total</th><th class="number">Then</th><th class="number">Here</th><th class="number">Difference</th></tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const [then, here] = [whole(from.summary[name]), whole(to.summary[name])];
            return (
              <tr key={name} class={then === here ? "quiet" : ""}>
                <th scope="row">{name.replace("total-", "").replaceAll("-", " ")}</th>
                <td class="number">{then === undefined ? "" : count(then)}</td>
                <td class="number">{here === undefined ? "" : count(here)}</td>
                <td class="number">{then === undefined || here === undefined ? "" : signed(here - then)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Wide>
  );
}

/** Rows are counted when one asks for it: that may read files. */
function Changed({ model, from, to }: { model: Model; from: Snapshot; to: Snapshot }) {
  const [isAsked, setAsked] = useState(false);
  const changed = useResource(async (signal) => {
    if (!isAsked) return undefined;
    const between = { changesSince: from.snapshotId, snapshotId: to.snapshotId, signal };
    const [all, inserted] = await Promise.all([
      model.table.count(between),
      model.table.count({ ...between, filter: "_change_type = 'insert'" }),
    ]);
    return { inserted, deleted: all - inserted };
  }, [model, from, to, isAsked]);
  if (!isAsked) return <button type="button" onClick={() => setAsked(true)}>Count changed rows</button>;
  if (changed.error !== undefined) return <ErrorNote error={changed.error} retry={changed.retry} />;
  if (!changed.value) return <Skeleton rows={1} label="Counting changed rows" />;
  const { inserted, deleted } = changed.value;
  return <p role="status">{count(inserted)} rows inserted, {count(deleted)} deleted between the two.</p>;
}

function whole(text: string | undefined): bigint | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

function signed(difference: bigint): string {
  return difference === 0n ? "0" : difference > 0n ? `+${count(difference)}` : `−${count(-difference)}`;
}
