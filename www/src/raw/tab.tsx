import { useMemo } from "preact/hooks";
import { bytes } from "../lib/format.js";
import { indented } from "../lib/json.js";
import { save } from "../lib/save.js";
import type { Model } from "../state/table.js";
import { Code } from "../ui/note.js";
import { Log } from "./log.js";

/** Longer texts make browsers slow; they are saved instead. */
const MOST = 400_000;

/** The metadata file as it is, and the requests that were made. */
export function RawTab({ model }: { model: Model }) {
  const text = useMemo(() => indented(model.json), [model]);
  return (
    <div class="page">
      <Log />
      <section>
        <h2>Metadata <small>version {model.version}, {bytes(model.json.length)}</small>
          <button type="button" onClick={() => save(`v${model.version}.metadata.json`, [model.json], "application/json")}>Save</button>
        </h2>
        <Code text={text.length > MOST ? `${text.slice(0, MOST)}\n…` : text} label="Metadata" />
        {text.length > MOST && <p class="quiet">The rest is in what Save writes.</p>}
      </section>
    </div>
  );
}
