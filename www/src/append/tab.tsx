import { useEffect, useState } from "preact/hooks";
import type { Field } from "datashard/worker";
import { parse, type Place } from "../lib/address.js";
import { bytes, many } from "../lib/format.js";
import { columnsAt } from "../state/metadata.js";
import type { Model } from "../state/table.js";
import { place } from "../state/view.js";
import { Skeleton } from "../ui/note.js";
import { check, type Checked } from "./check.js";
import { draft, EMPTY, take } from "./draft.js";
import { Outcome, useAppend } from "./outcome.js";
import { Preview, Problems } from "./preview.js";
import { readFile, readText } from "./read.js";

/** After so many milliseconds without a key what is typed is looked at. */
const PAUSE = 300;

/** Records are typed, pasted or dropped, looked at as they will be stored, and committed. */
export function AppendTab({ model }: { model: Model }) {
  const fields = columnsAt(model.metadata, undefined);
  const { checked, kind, isChecking } = useChecked(model, fields);
  const append = useAppend(model);
  const [problem, setProblem] = useState("");
  const [isOver, setOver] = useState(false);
  const { text, file } = draft.value;
  const reason = readOnly();
  if (reason) return <p class="page quiet">{reason}</p>;

  const choose = async (chosen: File | undefined) => {
    setOver(false);
    if (!chosen) return;
    append.forget();
    setProblem(await take(chosen).then(() => "", (error: Error) => error.message));
  };
  const type = (text: string) => {
    append.forget();
    draft.value = { text, file: undefined };
  };
  const isReady = checked?.ipc !== undefined && checked.count > 0 && !isChecking && !append.isBusy;
  return (
    <div class="page append">
      <section class={isOver ? "drop over" : "drop"}
        onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
        onDrop={(event) => { event.preventDefault(); void choose(event.dataTransfer?.files[0]); }}>
        <h2><label for="records">Records</label> <small>JSON (an array, or an object a line), CSV with a line of names, or a file of these or of Parquet</small></h2>
        {file ? (
          <p class="inline"><b>{file.name}</b> <span class="quiet">{bytes(file.bytes.length)}</span>
            <button type="button" onClick={() => (draft.value = EMPTY)}>Remove</button></p>
        ) : (
          <textarea id="records" rows={8} spellcheck={false} autocomplete="off" placeholder={example(fields)} value={text}
            aria-describedby="rules" aria-invalid={(checked?.problems.length ?? 0) > 0} onInput={(event) => type(event.currentTarget.value)} />
        )}
        <p class="inline">
          <label class="file">Choose a file <input type="file" onChange={(event) => {
            void choose(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }} /></label>
          <span class="quiet">or drop it here</span>
        </p>
        <p id="rules" class="quiet prose">Columns are those of the table by their names, and every value enters exactly or not at all. In CSV a field
          without anything is null, and <code>""</code> an empty text; bytes are hexadecimal, and nested values JSON.</p>
        {problem && <p class="problem" role="alert">{problem}</p>}
      </section>
      {isChecking && !checked && <Skeleton rows={3} label="Reading the records" />}
      {checked && checked.problems.length > 0 && <Problems problems={checked.problems} />}
      {checked?.ipc && <Preview checked={checked} fields={fields} kind={kind} />}
      <section>
        <p class="inline">
          <button type="button" class="primary" disabled={!isReady} onClick={() => void append.run(checked!)}>
            {checked?.ipc && checked.count > 0 ? `Append ${many(checked.count, "row")}` : "Append"}
          </button>
          <span class="quiet">As one commit, on top of whatever others commit meanwhile: all of it or nothing.</span>
        </p>
        <Outcome append={append} />
      </section>
    </div>
  );
}

/** Why nothing can be appended here. */
function readOnly(): string | undefined {
  const where = JSON.parse(place.value) as Place;
  if (/^https?:/.test(where.address)) return "A table on a plain server is only read. Open it as s3://bucket/table to append to it.";
  if (parse(where, undefined, fetch).isFile) return "This is one version of a table, by its metadata file. Open the table's folder to append to it.";
  return undefined;
}

/** What the table says of the draft, a moment after it has changed. */
function useChecked({ table }: Model, fields: Field[]) {
  const [state, setState] = useState<{ of: unknown; kind: string; checked: Checked | undefined }>({ of: EMPTY, kind: "", checked: undefined });
  const given = draft.value;
  const isEmpty = !given.file && given.text.trim() === "";
  useEffect(() => {
    if (isEmpty) return setState({ of: given, kind: "", checked: undefined });
    let isStale = false;
    const look = async () => {
      const read = given.file ? readFile(given.file.name, given.file.bytes, fields) : readText(given.text, fields);
      const checked = await check(table, read);
      if (!isStale) setState({ of: given, kind: read.kind, checked });
    };
    const timer = setTimeout(() => void look(), given.file ? 0 : PAUSE);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [given, table]);
  return { checked: isEmpty ? undefined : state.checked, kind: state.kind, isChecking: !isEmpty && state.of !== given };
}

/** A record of this table, to be seen while nothing is typed. */
function example(fields: Field[]): string {
  const values: Record<string, unknown> = {
    boolean: true, int: 1, long: 1, float: 0.5, double: 0.5, string: "text", date: "2026-11-01", time: "09:30:00", timestamp: "2026-11-01T09:30:00",
    timestamptz: "2026-11-01T09:30:00Z", uuid: "f79c3e09-677c-4bbd-a479-3f349cb785e7",
  };
  const some = fields.slice(0, 4).map(({ name, type }) => [name, typeof type === "string" ? (values[type] ?? null) : null]);
  return JSON.stringify(Object.fromEntries(some));
}
