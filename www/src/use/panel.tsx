import { useEffect, useRef, useState } from "preact/hooks";
import { parse, type Place } from "../lib/address.js";
import { useResource } from "../state/resource.js";
import type { Model } from "../state/table.js";
import { place, view } from "../state/view.js";
import { Code } from "../ui/note.js";
import { snippets } from "./code.js";

/** The current view as code. */
export function UseThis({ model, close }: { model: Model; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [chosen, setChosen] = useState("TypeScript");
  useEffect(() => dialog.current?.showModal(), []);
  const log = useResource((signal) => model.table.inspect("metadataLog", { signal }), [model]);
  const { columns, filter, snapshot } = view.value;
  const where = JSON.parse(place.value) as Place;
  const { table, bucket } = parse(where, undefined, fetch);
  const metadataFile = log.value?.at(-1)?.["file"] as string | undefined;
  const all = snippets({ ...where, table, bucket, columns, filter, snapshot, location: model.location, metadataFile });
  const snippet = all.find(({ name }) => name === chosen)!;
  return (
    <dialog ref={dialog} aria-labelledby="use-title" onClose={close} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <div class="title">
        <h2 id="use-title">This view in code</h2>
        <button type="button" onClick={() => dialog.current?.close()} aria-label="Close">Close</button>
      </div>
      <div class="choice" role="group" aria-label="Language">
        {all.map(({ name }) => (
          <button key={name} type="button" aria-pressed={name === chosen} onClick={() => setChosen(name)}>{name}</button>
        ))}
      </div>
      <Code text={snippet.text} label={snippet.name} />
      {snippet.note && <p class="quiet">{snippet.note}</p>}
      {view.value.sort && <p class="quiet">The order of rows is not part of it.</p>}
    </dialog>
  );
}
