import type { Field } from "datashard/worker";
import { typeName } from "../lib/types.js";
import { go, view } from "../state/view.js";

/** Which columns to show. */
export function Chooser({ fields }: { fields: Field[] }) {
  const { columns } = view.value;
  const isShown = (name: string) => columns.length === 0 || columns.includes(name);
  const toggle = (name: string) => {
    const shown = fields.map((field) => field.name).filter((one) => (one === name ? !isShown(one) : isShown(one)));
    if (shown.length > 0) go({ columns: shown.length === fields.length ? [] : shown }, { replace: true });
  };
  return (
    <details class="chooser">
      <summary>{columns.length === 0 ? "All columns" : `${columns.length} of ${fields.length} columns`}</summary>
      <div role="group" aria-label="Columns">
        {fields.map(({ name, type }) => (
          <label key={name}>
            <input type="checkbox" checked={isShown(name)} onChange={() => toggle(name)} />
            {name} <small>{typeName(type)}</small>
          </label>
        ))}
        <button type="button" onClick={() => go({ columns: [] }, { replace: true })} disabled={columns.length === 0}>Show all</button>
      </div>
    </details>
  );
}
