import { millis } from "../lib/format.js";
import type { Race } from "./race.js";
import { ENDS, KINDS, type Drawn } from "./requests.js";

const TRACKS = 4;
const TRACK = 14;

/** A lane a writer, each request a bar as long as it took. While they run, the newest are on the right. */
export function Lanes({ race, span, from }: { race: Race; span: number; from: number | undefined }) {
  const requests = race.requests.value;
  const { now } = race;
  const start = from ?? Math.max(0, now - span);
  const visible = requests.filter((one) => (one.end ?? now) >= start && one.start <= start + span);
  const lanes = Array.from({ length: race.settings.writers }, (_, writer) => visible.filter((one) => one.writer === writer));
  return (
    <div class="lanes" role="img" aria-label={`Requests of ${race.settings.writers} writers, ${requests.length} so far: as a table below`}>
      {lanes.map((lane, writer) => (
        <div key={writer} class="lane">
          <span class="who">Writer {writer + 1}</span>
          <div class="bars" style={{ height: `${TRACKS * TRACK}px` }}>
            {lane.map((one) => <Bar key={one.id} one={one} start={start} span={span} now={now} />)}
          </div>
        </div>
      ))}
      <div class="ruler" aria-hidden="true"><span>{millis(start)}</span><span>{millis(start + span)}</span></div>
    </div>
  );
}

function Bar({ one, start, span, now }: { one: Drawn; start: number; span: number; now: number }) {
  const place = (at: number) => ((Math.max(start, Math.min(at, start + span)) - start) / span) * 100;
  const [left, right] = [place(one.start), place(one.end ?? now)];
  const mark = one.status === "open" || (one.status === "fine" && one.kind !== "version") || (one.status === "conflict" && one.kind === "proof") ? "" : ENDS[one.status].mark;
  const label = one.kind === "version" ? `v${one.version} ${mark}` : mark;
  return (
    <span class={`beam ${one.kind} ${one.status}${one.isSlow ? " slow" : ""}`} title={told(one)}
      style={{ left: `${left}%`, width: `max(3px, ${right - left}%)`, top: `${one.track * TRACK}px` }}>
      {label && <b>{label}</b>}
    </span>
  );
}

export function told(one: Drawn): string {
  const end = one.status === "open" ? "under way" : ENDS[one.status].name;
  return `${KINDS[one.kind].name.replace("{N}", String(one.version))}: ${end}${one.end === undefined ? "" : `, ${millis(one.end - one.start)}`}`;
}
