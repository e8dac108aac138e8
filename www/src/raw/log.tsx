import { bytes, count, many, millis } from "../lib/format.js";
import { forget, requests, totals } from "../state/requests.js";

const SHOWN = 200;

/** Each request to the store, the newest first, with its place in time. */
export function Log() {
  const all = requests.value;
  const shown = all.slice(-SHOWN).reverse();
  const [from, to] = [Math.min(...shown.map(({ start }) => start)), Math.max(...shown.map(({ start, end }) => end ?? start))];
  const span = Math.max(1, to - from);
  return (
    <section>
      <h2>Requests <small>{many(totals.value.requests, "request")}, {bytes(totals.value.bytes)}{all.length > SHOWN && `, the newest ${SHOWN} shown`}</small>
        <button type="button" onClick={forget} disabled={all.length === 0}>Clear</button>
      </h2>
      <div class="scroll log" tabIndex={0} role="group" aria-label="Requests">
        <table>
          <thead>
            <tr><th class="number">#</th><th>Method</th><th>Path</th><th>Range</th><th>Status</th><th class="number">Bytes</th><th class="number">Time</th><th><span class="unseen">When</span></th></tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.id}>
                <td class="number quiet">{one.id}</td>
                <td>{one.method}</td>
                <td class="path" title={one.path}>{one.path}</td>
                <td class="figures">{one.range}</td>
                <td class={one.status === 0 ? "bad" : ""}>{one.status === undefined ? "…" : one.status === 0 ? "failed" : one.status}</td>
                <td class="number">{one.end === undefined ? "" : count(one.bytes)}</td>
                <td class="number">{one.end === undefined ? "" : millis(one.end - one.start)}</td>
                <td class="when">
                  <svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
                    <rect x={((one.start - from) / span) * 1000} width={Math.max(4, (((one.end ?? to) - one.start) / span) * 1000)} height="8" />
                  </svg>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
