import { useEffect, useState } from "preact/hooks";
import { count, many, millis } from "../lib/format.js";
import { go, view } from "../state/view.js";
import { ErrorNote } from "../ui/note.js";
import { Wide } from "../ui/wide.js";
import { Lanes } from "./lanes.js";
import { Race } from "./race.js";
import { ENDS, KINDS } from "./requests.js";
import { CHOICES, readSettings, writeSettings, type Settings } from "./settings.js";

/** How much of the race is on the screen, in requests one after the other. */
const WINDOW = 45;
/** So many requests are in the table. */
const SHOWN = 150;
/** While they run, so many: the page has other things to do. */
const FEW = 15;

/** Several writers race on one table, and each of their requests is drawn. */
export function LiveTab() {
  const settings = readSettings(view.value.live);
  const [race, setRace] = useState(() => new Race(settings));
  const [from, setFrom] = useState<number>();
  useEffect(() => () => race.end(), [race]);
  const phase = race.phase.value;
  const isGoing = phase !== "ready" && phase !== "over";
  const choose = (change: Partial<Settings>) => {
    const chosen = { ...settings, ...change };
    go({ live: writeSettings(chosen) }, { replace: true });
    setRace(new Race(chosen));
    setFrom(undefined);
  };
  const start = () => {
    const next = phase === "ready" ? race : new Race(settings);
    setRace(next);
    setFrom(undefined);
    void next.run();
  };
  const span = Math.max(1_000, settings.latency * WINDOW * Math.min(1, innerWidth / 1_000));
  const last = isGoing ? 0 : race.now;
  return (
    <div class="page live">
      <section>
        <h2>Writers race <small>the library in a worker for each, on one table in a bucket in this page's memory, which takes conditional puts as S3 does</small></h2>
        <div class="settings" role="group" aria-label="How they race">
          {(Object.keys(CHOICES) as (keyof typeof CHOICES)[]).map((name) => (
            <label key={name}>
              {CHOICES[name].label}
              <select value={settings[name]} disabled={isGoing} onChange={(event) => choose({ [name]: Number(event.currentTarget.value) })}>
                {CHOICES[name].of.map((value) => <option key={value} value={value}>{value}{CHOICES[name].unit}</option>)}
              </select>
            </label>
          ))}
          <label>Seed<input type="number" min={0} max={999999} value={settings.seed} disabled={isGoing} onChange={(event) => choose({ seed: Math.max(0, Math.floor(Number(event.currentTarget.value)) || 0) })} /></label>
          {isGoing
            ? <button type="button" disabled={phase !== "running"} onClick={() => race.stop()}>{phase === "running" ? "Stop" : phase === "starting" ? "Starting…" : "Ending…"}</button>
            : <button type="button" class="primary" onClick={start}>{phase === "ready" ? "Start" : "Start again"}</button>}
        </div>
      </section>
      <Counts race={race} />
      <Result race={race} />
      <section>
        <Lanes race={race} span={span} from={isGoing ? undefined : from} />
        {!isGoing && last > span && (
          <input type="range" class="travel" aria-label="Look at another part of the race" min={0} max={Math.ceil(last - span)} step={Math.ceil(span / 10)}
            value={from ?? last - span} aria-valuetext={`from ${millis(from ?? last - span)} on`} onInput={(event) => setFrom(Number(event.currentTarget.value))} />
        )}
        <Legend />
      </section>
      <Twin race={race} />
    </div>
  );
}

function Counts({ race }: { race: Race }) {
  const { commits, rows, conflicts, settled } = race.counts.value;
  const { writers, appends } = race.settings;
  return (
    <dl class="counts" aria-label="So far">
      <div><dt>Commits</dt><dd>{count(commits)} <small>of {count(writers * appends)}</small></dd></div>
      <div><dt>Rows</dt><dd>{count(rows)}</dd></div>
      <div><dt>Conflicts</dt><dd>{count(conflicts)}</dd></div>
      <div><dt>Settled afterwards</dt><dd>{count(settled)}</dd></div>
      <div><dt>Requests</dt><dd>{count(race.requests.value.length)}</dd></div>
    </dl>
  );
}

function Result({ race }: { race: Race }) {
  const verdict = race.verdict.value;
  const error = race.error.value;
  if (error !== undefined) return <ErrorNote error={error} />;
  const isFine = verdict && verdict.missing + verdict.twice + verdict.foreign === 0;
  return (
    <div role="status" class="verdict">
      {race.phase.value === "checking" && <p>Reading the table…</p>}
      {verdict && isFine && (
        <section class="note good">
          <h2>Every append is in the table once</h2>
          <p>The table was opened anew and read: {many(verdict.rows, "row")} of {many(verdict.appends, "append")}, none missing, none twice, in version {verdict.version}.</p>
        </section>
      )}
      {verdict && !isFine && (
        <section class="note" role="alert">
          <h2>The table is not what was appended</h2>
          <p>{many(verdict.missing, "row")} missing, {many(verdict.twice, "row")} twice, {many(verdict.foreign, "row")} that nobody was told of.</p>
        </section>
      )}
    </div>
  );
}

function Legend() {
  return (
    <div class="keys">
      <dl aria-label="What a request is for">
        {Object.entries(KINDS).map(([kind, { name, what }]) => <div key={kind}><dt><span class={`beam ${kind}`} /> {name}</dt><dd>{what}</dd></div>)}
      </dl>
      <dl aria-label="How it ends">
        {Object.entries(ENDS).filter(([, { mark }]) => mark).map(([end, { mark, name, what }]) => <div key={end}><dt><b>{mark}</b> {name}</dt><dd>{what}</dd></div>)}
      </dl>
    </div>
  );
}

/** The same as a table, the newest first. */
function Twin({ race }: { race: Race }) {
  const all = race.requests.value;
  const shown = all.slice(race.phase.value === "over" ? -SHOWN : -FEW).reverse();
  if (shown.length === 0) return null;
  return (
    <section>
      <h2>Requests <small>{many(all.length, "request")}{all.length > shown.length && `, the newest ${shown.length} shown`}</small></h2>
      <Wide label="Requests of the writers">
        <table class="race">
          <thead><tr><th class="number">At</th><th>Writer</th><th>For</th><th>End</th><th class="number">Time</th><th>Request</th></tr></thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.id}>
                <td class="number">{millis(one.start)}</td>
                <td>{one.writer + 1}</td>
                <th scope="row">{KINDS[one.kind].name.replace("{N}", String(one.version ?? ""))}</th>
                <td>{one.status === "open" ? "…" : ENDS[one.status].name}</td>
                <td class="number">{one.end === undefined ? "" : millis(one.end - one.start)}</td>
                <td class="path">{one.method} {one.path}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}
