import { useEffect, useRef, useState } from "preact/hooks";
import { DataShardError, type CommitReceipt, type Resolution } from "datashard/worker";
import { ConnectKeys } from "../connect/keys.js";
import { many, shortId } from "../lib/format.js";
import { refresh, type Model } from "../state/table.js";
import { go } from "../state/view.js";
import { ErrorNote } from "../ui/note.js";
import type { Checked } from "./check.js";
import { draft, EMPTY } from "./draft.js";

type State =
  | { kind: "idle" }
  | { kind: "running" }
  | { kind: "done"; receipt: CommitReceipt }
  | { kind: "failed"; error: unknown }
  | { kind: "unknown"; error: DataShardError }
  | { kind: "resolved"; resolution: Resolution };

/** An append, from the click to its end. */
export interface Appending {
  state: State;
  isBusy: boolean;
  run: (checked: Checked) => Promise<void>;
  resolve: () => Promise<void>;
  forget: () => void;
}

export function useAppend(model: Model): Appending {
  const [state, setState] = useState<State>({ kind: "idle" });
  const settle = async (work: () => Promise<State>) => {
    const before = state;
    setState({ kind: "running" });
    try {
      const end = await work();
      const isThere = end.kind === "done" || (end.kind === "resolved" && end.resolution.committed);
      if (isThere) {
        draft.value = EMPTY;
        go({ snapshot: "" }, { replace: true });
      }
      setState(end);
      await refresh(model).catch(() => {});
    } catch (error) {
      const isUnknown = error instanceof DataShardError && error.code === "commit-state-unknown";
      if (isUnknown) setState({ kind: "unknown", error });
      else setState(before.kind === "unknown" ? before : { kind: "failed", error });
    }
  };
  return {
    state,
    isBusy: state.kind === "running" || state.kind === "unknown",
    run: ({ ipc, key }) => settle(async () => ({ kind: "done", receipt: await model.table.append(ipc!, { idempotencyKey: key }) })),
    resolve: () => settle(async () => {
      const token = state.kind === "unknown" ? (state.error.token ?? "") : "";
      return { kind: "resolved", resolution: await model.table.resolve(token) };
    }),
    forget: () => {
      if (state.kind !== "running" && state.kind !== "unknown") setState({ kind: "idle" });
    },
  };
}

/** What became of it, and what to do next. */
export function Outcome({ append: { state, resolve } }: { append: Appending }) {
  const element = useRef<HTMLDivElement>(null);
  // The button that was pressed is disabled by now, and would drop the focus.
  useEffect(() => {
    if (state.kind !== "idle" && state.kind !== "running") element.current?.focus();
  }, [state]);
  return (
    <div ref={element} class="outcome" tabIndex={-1} role="status" aria-busy={state.kind === "running"}>
      {state.kind === "running" && <p>Committing…</p>}
      {state.kind === "done" && <Receipt receipt={state.receipt} />}
      {state.kind === "failed" && <Failed error={state.error} />}
      {state.kind === "unknown" && (
        <section class="note">
          <h2>It is not known whether the rows are in the table</h2>
          <p class="detail">{state.error.message}</p>
          <p>The store was not heard of at the last step. Resolving asks it, and if the rows are not there it makes sure that they never come.</p>
          <button type="button" class="primary" onClick={() => void resolve()}>Resolve</button>
        </section>
      )}
      {state.kind === "resolved" && (
        <p>{state.resolution.committed ? `The rows are in the table, since version ${state.resolution.version}.` : "The rows are not in the table, and will not come. Append them again."}</p>
      )}
    </div>
  );
}

function Receipt({ receipt: { rows, version, snapshotId, repeated, attempts, conflicts } }: { receipt: CommitReceipt }) {
  return (
    <section class="note good">
      <h2>{repeated ? `The rows are in the table already, since version ${version}` : `Appended ${many(rows, "row")} as version ${version}`}</h2>
      {conflicts > 0 && (
        <p>{conflicts === 1 ? "Another writer was faster once" : `Other writers were faster ${conflicts} times`}: the rows were put on top of theirs, at attempt {attempts}. Nothing of either is lost.</p>
      )}
      <p class="inline">
        <span class="quiet">Snapshot {shortId(snapshotId)}, {many(attempts, "attempt")}, {many(conflicts, "conflict")}.</span>
        <button type="button" class="link" onClick={() => go({ tab: "data", filter: "", sort: undefined })}>See the rows</button>
        <button type="button" class="link" onClick={() => go({ tab: "snapshots" })}>See the commit</button>
      </p>
    </section>
  );
}

function Failed({ error }: { error: unknown }) {
  const isRefused = error instanceof DataShardError && error.code === "permission-denied";
  return (
    <>
      <ErrorNote error={error} isWriting />
      {isRefused && <ConnectKeys />}
    </>
  );
}
