import { useState } from "preact/hooks";
import { rowsOf, type Row, type ScanOptions } from "datashard/worker";
import { advise } from "../lib/advice.js";
import { csvHead, csvLine } from "../lib/csv.js";
import { count } from "../lib/format.js";
import { save } from "../lib/save.js";
import type { Model } from "../state/table.js";

/** At most so many rows are written to a file. */
const MOST = 1_000_000;

/** The columns and rows of the view as a file. */
export function Export({ model, options, names }: { model: Model; options: ScanOptions; names: string[] }) {
  const [said, setSaid] = useState("");
  const [running, setRunning] = useState<AbortController>();
  const name = model.name.split("/").at(-1)!.replace(/\W+/g, "-");

  const run = async (write: (signal: AbortSignal) => Promise<void>) => {
    const abort = new AbortController();
    const { signal } = abort;
    setRunning(abort);
    try {
      await write(signal);
    } catch (error) {
      setSaid(signal.aborted ? "Stopped" : advise(error).detail);
    } finally {
      setRunning(undefined);
    }
  };
  const csv = async (signal: AbortSignal) => {
    setSaid("Reading…");
    const parts = [csvHead(names)];
    let rows = 0;
    for await (const batch of model.table.scan({ ...options, limit: MOST, signal })) {
      let part = "";
      for (const row of rowsOf<Row>(batch)) {
        part += csvLine(names, row);
        rows += 1;
      }
      parts.push(part);
      setSaid(`${count(rows)} rows…`);
    }
    save(`${name}.csv`, parts, "text/csv");
    setSaid(done(rows));
  };
  const arrow = async (signal: AbortSignal) => {
    setSaid("Reading…");
    const ipc = await model.table.scan({ ...options, limit: MOST, signal }).toIPC();
    save(`${name}.arrows`, [ipc as BlobPart], "application/vnd.apache.arrow.stream");
    setSaid("Saved");
  };

  const parquet = async (signal: AbortSignal) => {
    setSaid("Reading…");
    const file = await model.table.scan({ ...options, limit: MOST, signal }).toParquet();
    signal.throwIfAborted();
    save(`${name}.parquet`, [file as BlobPart], "application/vnd.apache.parquet");
    setSaid("Saved");
  };

  return (
    <div class="export" role="group" aria-label={`Save the view, at most ${count(MOST)} rows`}>
      {running ? (
        <button type="button" onClick={() => running.abort()}>Stop</button>
      ) : (
        <>
          <button type="button" title={`These columns and rows in the table's order, at most ${count(MOST)}`} onClick={() => void run(csv)}>Save CSV</button>
          <button type="button" title={`An Arrow IPC stream, in the table's order, at most ${count(MOST)} rows`} onClick={() => void run(arrow)}>Save Arrow</button>
          <button type="button" title={`A Parquet file, in the table's order, at most ${count(MOST)} rows`} onClick={() => void run(parquet)}>Save Parquet</button>
        </>
      )}
      <span aria-live="polite">{said}</span>
    </div>
  );
}

function done(rows: number): string {
  return rows < MOST ? `Saved ${count(rows)} rows` : `Saved the first ${count(rows)} rows`;
}
