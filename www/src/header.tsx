import { useEffect, useState } from "preact/hooks";
import { ago, count, shortId } from "./lib/format.js";
import { current, refresh, type Model } from "./state/table.js";
import { go, href, snapshotId, TABS, view, type Tab } from "./state/view.js";
import { UseThis } from "./use/panel.js";

const NAMES: Record<Tab, string> = { data: "Data", schema: "Schema", snapshots: "Snapshots", files: "Files", raw: "Raw", append: "Append", live: "Commits live" };

export function Header({ model }: { model: Model }) {
  const [isUsing, setUsing] = useState(false);
  return (
    <header class="top">
      <div class="table">
        <a class="home" href="#" aria-label="Open another table" title="Open another table" onClick={leave}>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M1 3h14v3H1zM1 7h8v3H1zM1 11h11v3H1z" />
          </svg>
        </a>
        <h1 title={model.location}>{model.name.split("/").at(-1)}</h1>
        <p class="facts">
          <span class="location">{model.location}</span>
          <span>v{model.version}</span>
          <span>format {model.metadata.formatVersion}</span>
        </p>
        <Refresh model={model} />
        <button type="button" aria-expanded={isUsing} aria-haspopup="dialog" onClick={() => setUsing(true)}>
          Use this
        </button>
      </div>
      <div class="bar">
        <Tabs />
        <Travel model={model} />
      </div>
      {isUsing && <UseThis model={model} close={() => setUsing(false)} />}
    </header>
  );
}

function leave(event: Event): void {
  event.preventDefault();
  go({ address: "", filter: "", columns: [], sort: undefined, snapshot: "", base: "", file: "", tab: "data" });
}

function Refresh({ model }: { model: Model }) {
  const [said, setSaid] = useState("Refresh");
  const look = async () => {
    setSaid("Looking…");
    const isFine = await refresh(model).then(() => true, () => false);
    setSaid(isFine ? "Up to date" : "No answer");
    setTimeout(() => setSaid("Refresh"), 2_000);
  };
  return (
    <button type="button" onClick={() => void look()} aria-live="polite">
      {said}
    </button>
  );
}

/** Tabs as the pattern of ARIA has them: one is in the order of focus, arrows go to the others. */
function Tabs() {
  const { tab } = view.value;
  // Where there is no room for all of them.
  useEffect(() => document.getElementById(`tab-${tab}`)?.scrollIntoView({ block: "nearest", inline: "nearest" }), [tab]);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = TABS.indexOf(tab);
    const next = step ? TABS.at((at + step) % TABS.length) : { Home: TABS[0], End: TABS.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    go({ tab: next });
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div role="tablist" aria-label="The table" class="tabs" onKeyDown={onKeyDown}>
      {TABS.map((one) => (
        <a key={one} id={`tab-${one}`} role="tab" href={href({ ...view.value, tab: one })} aria-selected={one === tab}
          aria-controls="panel" tabIndex={one === tab ? 0 : -1}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go({ tab: one });
          }}>
          {NAMES[one]}
        </a>
      ))}
    </div>
  );
}

/** Which snapshot is looked at, and the way back. */
function Travel({ model }: { model: Model }) {
  const snapshot = current.value;
  if (!snapshot) {
    return <p class="travel">{snapshotId.value ? <>There is no snapshot {snapshotId.value} any more <Now /></> : "No snapshot yet"}</p>;
  }
  const rows = snapshot.summary["total-records"];
  const index = model.snapshots.indexOf(snapshot) + 1;
  return (
    <p class="travel">
      {rows !== undefined && <span>{count(BigInt(/^\d+$/.test(rows) ? rows : 0))} rows</span>}
      <span title={`${snapshot.snapshotId}, ${snapshot.timestamp.toISOString()}`}>
        {snapshotId.value ? `at snapshot ${shortId(snapshot.snapshotId)} (${index} of ${model.snapshots.length})` : ago(snapshot.timestamp)}
      </span>
      {snapshotId.value && <Now />}
    </p>
  );
}

function Now() {
  return (
    <button type="button" class="link" onClick={() => go({ snapshot: "" })}>
      Back to now
    </button>
  );
}
