import { signal } from "@preact/signals";
import { bytes, count, many } from "./lib/format.js";
import { isUnreachable, totals } from "./state/requests.js";
import { view } from "./state/view.js";

/** What planning left of the files for what is shown. */
export const planned = signal<{ files: number; of: number } | undefined>(undefined);

export function StatusBar() {
  const { requests, bytes: read } = totals.value;
  const files = planned.value;
  return (
    <footer class="status" aria-label="What it took">
      {files && <span>{files.files === files.of ? many(files.of, "file") : `${count(files.files)} of ${many(files.of, "file")}`}</span>}
      <span>{many(requests, "request")}</span>
      <span>{bytes(read)}</span>
      {isUnreachable.value && <span class="bad">the store does not answer</span>}
      {view.value.tab === "data" && <span class="hint"><kbd>/</kbd> filter</span>}
    </footer>
  );
}
