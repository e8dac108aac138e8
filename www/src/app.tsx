import { useEffect } from "preact/hooks";
import { Welcome } from "./connect/welcome.js";
import { DataTab } from "./data/tab.js";
import { FilesTab } from "./files/tab.js";
import { Header } from "./header.js";
import { RawTab } from "./raw/tab.js";
import { SchemaTab } from "./schema/tab.js";
import { SnapshotsTab } from "./snapshots/tab.js";
import { StatusBar } from "./status.js";
import { state, type Model } from "./state/table.js";
import { view, type Tab } from "./state/view.js";

const PANELS: Record<Tab, (given: { model: Model }) => preact.JSX.Element> = {
  data: DataTab,
  schema: SchemaTab,
  snapshots: SnapshotsTab,
  files: FilesTab,
  raw: RawTab,
};

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
