import type { ComponentType } from "preact";
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

/** Those that few open come when they are opened. */
const PANELS: Record<Tab, Panel> = {
  data: DataTab,
  schema: SchemaTab,
  snapshots: SnapshotsTab,
  files: FilesTab,
  raw: RawTab,
  append: later(async () => (await import("./append/tab.js")).AppendTab),
  live: later(async () => (await import("./live/tab.js")).LiveTab),
};

function later(load: () => Promise<Panel>): Panel {
  return function Later({ model }) {
    const panel = useResource(load, []);
    const Panel = panel.value;
    if (panel.error !== undefined) return <div class="page"><ErrorNote error={panel.error} retry={panel.retry} /></div>;
    return Panel ? <Panel model={model} /> : <div class="page"><Skeleton rows={6} label="Loading" /></div>;
  };
}

export function App() {
  const { value } = state;
  const name = value.kind === "open" ? value.model.name.split("/").at(-1) : undefined;
  useEffect(() => void (document.title = name ? `${name} · Tables` : "Tables"), [name]);
  if (value.kind !== "open") return <Welcome />;
  const { tab } = view.value;
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
