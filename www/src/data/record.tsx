import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Field, Row } from "datashard/worker";
import { fullText } from "../lib/values.js";
import { typeText } from "../lib/types.js";
import { count } from "../lib/format.js";
import { Copy } from "../ui/copy.js";

interface Given {
  index: number;
  row: Row;
  fields: Field[];
  /** The value that is looked at. */
  name: string;
  close: () => void;
}

/** A row with all its values, at full length. */
export function Record({ index, row, fields, name, close }: Given) {
  const element = useRef<HTMLElement>(null);
  // At once: the next key may come before the next frame.
  useLayoutEffect(() => element.current?.focus(), []);
  useEffect(() => element.current?.querySelector(".looked")?.scrollIntoView({ block: "nearest" }), [index, name]);
  return (
    <aside ref={element} class="record" aria-label={`Row ${count(index + 1)}`} tabIndex={-1} onKeyDown={(event) => event.key === "Escape" && close()}>
      <header>
        <h2>Row {count(index + 1)}</h2>
        <button type="button" onClick={close} aria-label="Close the row">Close</button>
      </header>
      <dl tabIndex={0} aria-label="Values">
        {fields.map((field) => {
          const value = row[field.name];
          const text = fullText(value, 2);
          return (
            <div key={field.name} class={field.name === name ? "looked" : ""}>
              <dt>{field.name} <small>{typeText(field.type)}</small></dt>
              <dd>
                {value === null || value === undefined ? <i>null</i> : <pre>{text === "" ? <i>empty</i> : text}</pre>}
                {field.name === name && text !== "" && <Copy text={text} what={field.name} />}
              </dd>
            </div>
          );
        })}
      </dl>
    </aside>
  );
}
