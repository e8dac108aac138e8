import { useMemo } from "preact/hooks";
import { bytes } from "../lib/format.js";
import { indented } from "../lib/json.js";
import { save } from "../lib/save.js";
import { Code } from "../ui/note.js";

/** Longer texts make browsers slow; they are saved instead. */
const MOST = 400_000;
/** Longer JSON is not parsed for line breaks: the page stays free. */
const MOST_INDENTED = 4_000_000;

/** JSON with its line breaks, and a way to save it as it is. */
export function Text({ title, facts, json, name, write = indented }: { title: string; facts: string; json: string; name: string; write?: typeof indented }) {
  const text = useMemo(() => (json.length > MOST_INDENTED ? json : write(json)), [json]);
  return (
    <section>
      <h2>{title} <small>{facts}, {bytes(json.length)}</small>
        <button type="button" onClick={() => save(name, [json], "application/json")}>Save</button>
      </h2>
      <Code text={text.length > MOST ? `${text.slice(0, MOST)}\n…` : text} label={title} />
      {text.length > MOST && <p class="quiet">The rest is in what Save writes.</p>}
    </section>
  );
}
