import { computed, signal } from "@preact/signals";

export const TABS = ["data", "schema", "snapshots", "files", "raw", "append", "live"] as const;
export type Tab = (typeof TABS)[number];

/** All that the page shows, but keys. It is the part of the URL after `#`, which browsers send nowhere. */
export interface View {
  address: string;
  endpoint: string;
  region: string;
  tab: Tab;
  filter: string;
  /** Columns to show; none: all. */
  columns: string[];
  sort: { column: string; isDescending: boolean } | undefined;
  /** The snapshot to look at; "": the newest. */
  snapshot: string;
  /** The snapshot to compare with. */
  base: string;
  /** How writers race: see `live/settings`. */
  live: string;
  /** The file to look into. */
  file: string;
}

const EMPTY: View = {
  address: "", endpoint: "", region: "", tab: "data", filter: "", columns: [], sort: undefined, snapshot: "", base: "", live: "", file: "",
};

export const view = signal<View>(read(location.hash));
export const place = computed(() => {
  const { address, endpoint, region } = view.value;
  return JSON.stringify({ address, endpoint, region });
});
export const snapshotId = computed(() => view.value.snapshot || undefined);

addEventListener("popstate", () => (view.value = read(location.hash)));

/** Shows something else. With `replace` the way back does not lead here. */
export function go(change: Partial<View>, { replace = false } = {}): void {
  view.value = { ...view.value, ...change };
  history[replace ? "replaceState" : "pushState"](null, "", href(view.value));
}

/** A link to a view. */
export function href(to: View): string {
  const { sort, columns, ...texts } = to;
  const written = new URLSearchParams();
  for (const [name, text] of Object.entries(texts)) {
    if (text && !(name === "tab" && text === EMPTY.tab)) written.set(name, text);
  }
  for (const column of columns) written.append("column", column);
  if (sort) written.set("sort", `${sort.isDescending ? "-" : ""}${sort.column}`);
  return `#${written}`;
}

/** What somebody else wrote may say anything. */
function read(hash: string): View {
  const written = new URLSearchParams(hash.slice(1));
  const text = (name: string) => written.get(name) ?? "";
  const sort = text("sort");
  return {
    address: text("address"),
    endpoint: text("endpoint"),
    region: text("region"),
    tab: TABS.find((tab) => tab === text("tab")) ?? EMPTY.tab,
    filter: text("filter"),
    columns: written.getAll("column"),
    sort: sort ? { column: sort.replace(/^-/, ""), isDescending: sort.startsWith("-") } : undefined,
    snapshot: /^-?\d+$/.test(text("snapshot")) ? text("snapshot") : "",
    base: /^-?\d+$/.test(text("base")) ? text("base") : "",
    live: text("live"),
    file: text("file"),
  };
}
