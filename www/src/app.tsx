import type { ComponentType, FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { Welcome } from "./connect/welcome.js";
import { DataTab } from "./data/tab.js";
import { FilesTab } from "./files/tab.js";
import { Header } from "./header.js";
import { RawTab } from "./raw/tab.js";
import { SchemaTab } from "./schema/tab.js";
import { SnapshotsTab } from "./snapshots/tab.js";
import { StatusBar } from "./status.js";
import { useResource } from "./state/resource.js";
import { state, type Model } from "./state/table.js";
import { view, type Tab } from "./state/view.js";
import { ErrorNote, Skeleton } from "./ui/note.js";

type Panel = ComponentType<{ model: Model }>;

// What few open comes when it is opened.
const Append = later(async () => (await import("./append/tab.js")).AppendTab);
const Live = later<object>(async () => (await import("./live/tab.js")).LiveTab);

const PANELS: Record<Tab, Panel> = {
  data: DataTab,
  schema: SchemaTab,
  snapshots: SnapshotsTab,
  files: FilesTab,
  raw: RawTab,
  append: Append,
  live: () => <Live />,
};

function later<Given extends object>(load: () => Promise<ComponentType<Given>>): FunctionComponent<Given> {
  return function Later(given) {
    const panel = useResource(async () => ({ Panel: await load() }), []);
    const { Panel } = panel.value ?? {};
    if (panel.error !== undefined) return <div class="page"><ErrorNote error={panel.error} retry={panel.retry} /></div>;
    return Panel ? <Panel {...given} /> : <div class="page"><Skeleton rows={6} label="Loading" /></div>;
  };
}

export function App() {
  const { value } = state;
  const name = value.kind === "open" ? value.model.name.split("/").at(-1) : undefined;
  useEffect(() => void (document.title = name ? `${name} · Tables` : "Tables"), [name]);
  const { tab } = view.value;
  if (value.kind === "closed" && tab === "live") return <Alone />;
  if (value.kind !== "open") return <Welcome />;
  const Panel = PANELS[tab];
  return (
    <>
      <Header model={value.model} />
      <main>
        <div id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class={`panel ${tab}`} tabIndex={tab === "data" ? -1 : 0}>
          <Panel key={tab} model={value.model} />
        </div>
      </main>
      <StatusBar />
    </>
  );
}

/** What needs no table. */
function Alone() {
  return (
    <>
      <header class="top alone"><h1>Commits live</h1> <a href="#">Open a table</a></header>
      <main><div class="panel live"><Live /></div></main>
    </>
  );
}
