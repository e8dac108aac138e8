import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Field, Table } from "datashard/worker";
import type { Model } from "../state/table.js";
import { go, snapshotId, view } from "../state/view.js";
import { advise } from "../lib/advice.js";
import { many, count } from "../lib/format.js";
import { complete, insert } from "./completion.js";

/** After so many milliseconds without a key what is typed is looked at. */
const PAUSE = 250;

/** Which rows to show: names are completed, and what is wrong is said below while one types. */
export function FilterBox({ model, fields }: { model: Model; fields: Field[] }) {
  const applied = view.value.filter;
  const [text, setText] = useState(applied);
  const [caret, setCaret] = useState(0);
  const [choice, setChoice] = useState(-1);
  const [isOpen, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  /** Where the caret is to be, once the text is there. */
  const moved = useRef<number | undefined>(undefined);
  const id = useId();
  const { verdict, ask } = useVerdict(model, text.trim(), applied);
  const options = isOpen ? complete(text, caret, fields) : [];

  useEffect(() => setText(applied), [applied]);
  useLayoutEffect(() => {
    if (moved.current === undefined) return;
    input.current?.focus();
    input.current?.setSelectionRange(moved.current, moved.current);
    moved.current = undefined;
  }, [text]);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = (event.target as HTMLElement).closest("input, textarea, select, dialog");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);

  const accept = (index: number) => {
    const done = insert(text, caret, options[index]!);
    setText(done.text);
    setCaret(done.caret);
    setChoice(-1);
    setOpen(false);
    moved.current = done.caret;
  };
  const apply = async () => {
    setOpen(false);
    const { of, problem } = verdict.of === text.trim() ? verdict : await ask();
    if (!problem && of !== applied) go({ filter: of });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length > 0) setChoice((choice + step + options.length + (choice < 0 && step < 0 ? 1 : 0)) % options.length);
    else if ((event.key === "Enter" || event.key === "Tab") && choice >= 0 && options[choice]) accept(choice);
    else if (event.key === "Enter") void apply();
    else if (event.key === "Escape" && options.length > 0) setOpen(false);
    else if (event.key === "Escape") setText(applied);
    else return;
    event.preventDefault();
  };
  const onInput = (event: Event) => {
    const { value, selectionStart } = event.target as HTMLInputElement;
    setText(value);
    setCaret(selectionStart ?? value.length);
    setChoice(-1);
    setOpen(true);
  };

  return (
    <div class="filter">
      <input ref={input} type="text" role="combobox" aria-label="Filter" aria-autocomplete="list" aria-expanded={options.length > 0}
        aria-controls={`${id}-list`} aria-activedescendant={choice >= 0 ? `${id}-${choice}` : undefined}
        aria-invalid={verdict.problem !== ""} aria-describedby={`${id}-verdict`} spellcheck={false} autocomplete="off"
        placeholder="Filter: level = 'error' and duration > 500" value={text} onInput={onInput} onKeyDown={onKeyDown}
        onBlur={() => setTimeout(() => setOpen(false), 150)} />
      {applied && <button type="button" onClick={() => go({ filter: "" })}>Clear</button>}
      <ul id={`${id}-list`} role="listbox" aria-label="Completions" class="options" hidden={options.length === 0}>
        {options.map((option, index) => (
          <li key={option.text} id={`${id}-${index}`} role="option" aria-selected={index === choice}
            onMouseDown={(event) => event.preventDefault()} onClick={() => accept(index)}>
            <span>{option.text}</span>
            <small>{option.kind}</small>
          </li>
        ))}
      </ul>
      <p id={`${id}-verdict`} class={verdict.problem ? "problem" : "verdict"} aria-live="polite">
        {verdict.problem || (text.trim() !== applied && verdict.said && `${verdict.said}. Enter applies it.`)}
      </p>
    </div>
  );
}

interface Verdict {
  /** The filter that it is of. */
  of: string;
  problem: string;
  said: string;
}

/** What is wrong with a filter, or which files it leaves, as one types; and a way to ask at once. The rows tell of the one that is applied. */
function useVerdict({ table }: Model, filter: string, applied: string): { verdict: Verdict; ask: () => Promise<Verdict> } {
  const at = snapshotId.value;
  const [verdict, setVerdict] = useState<Verdict>({ of: "", problem: "", said: "" });
  const ask = async (signal?: AbortSignal) => {
    const fresh = await look(table, filter, at, signal);
    if (!signal?.aborted) setVerdict(fresh);
    return fresh;
  };
  useEffect(() => {
    if (filter === applied) return setVerdict({ of: filter, problem: "", said: "" });
    const abort = new AbortController();
    const timer = setTimeout(() => void ask(abort.signal), filter ? PAUSE : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [table, filter, applied, at]);
  return { verdict, ask };
}

/** Planning reads no row, and manifests are at hand. */
async function look(table: Table, filter: string, at: string | undefined, signal?: AbortSignal): Promise<Verdict> {
  if (!filter) return { of: filter, problem: "", said: "Reads all files" };
  try {
    const plan = await table.scan({ filter, snapshotId: at, signal }).plan();
    const { files, filesSkipped } = await plan.report();
    return { of: filter, problem: "", said: `Reads ${count(files - filesSkipped)} of ${many(files, "file")}` };
  } catch (error) {
    return { of: filter, problem: advise(error).detail, said: "" };
  }
}
