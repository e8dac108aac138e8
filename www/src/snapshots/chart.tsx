import { bytes, short, time } from "../lib/format.js";
import type { Commit } from "./commits.js";

interface Given {
  commits: Commit[];
  selected: number;
  onSelect: (index: number) => void;
}

const WIDTH = 1000;
const TOP = 10;
const HEIGHT = 96;

/** Rows and bytes commit by commit; each commit's operation by the shape of its mark. */
export function Chart({ commits, selected, onSelect }: Given) {
  const choose = (event: MouseEvent) => {
    const { left, width } = (event.currentTarget as SVGElement).getBoundingClientRect();
    onSelect(Math.min(commits.length - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * commits.length))));
  };
  const first = commits[0];
  const last = commits.at(-1);
  return (
    <figure class="chart">
      <Band label="Rows" commits={commits} selected={selected} value={({ rows }) => rows} text={short} onClick={choose} />
      <Band label="Bytes" commits={commits} selected={selected} value={(commit) => commit.bytes} text={bytes} onClick={choose} />
      <Marks commits={commits} selected={selected} />
      <figcaption>
        <span>{first && time(first.time)}</span>
        <span class="legend">{[...new Set(commits.map(({ operation }) => operation))].map((one) => <span key={one}><Shape operation={one} /> {one}</span>)}</span>
        <span>{last && last !== first && time(last.time)}</span>
      </figcaption>
    </figure>
  );
}

interface BandGiven {
  label: string;
  commits: Commit[];
  selected: number;
  value: (commit: Commit) => number | undefined;
  text: (value: number) => string;
  onClick: (event: MouseEvent) => void;
}

/** A step for each commit, as high as the value is behind it. */
function Band({ label, commits, selected, value, text, onClick }: BandGiven) {
  const most = Math.max(1, ...commits.map((commit) => value(commit) ?? 0));
  const step = WIDTH / Math.max(1, commits.length);
  const y = (commit: Commit) => TOP + HEIGHT * (1 - (value(commit) ?? 0) / most);
  const line = commits.map((commit, index) => `${index === 0 ? "M" : "L"}${index * step},${y(commit)}H${(index + 1) * step}`).join("");
  return (
    <div class="band">
      <span class="label">{label} <b>{text(value(commits[selected]!) ?? 0)}</b></span>
      <svg viewBox={`0 0 ${WIDTH} ${TOP + HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" onClick={onClick}>
        <path class="area" d={`${line}V${TOP + HEIGHT}H0Z`} />
        <path class="line" d={line} />
        <rect class="now" x={selected * step} y={0} width={step} height={TOP + HEIGHT} />
      </svg>
      <span class="most">{text(most)}</span>
    </div>
  );
}

/** More marks than this would be a smear. */
const MOST_MARKS = 150;

function Marks({ commits, selected }: { commits: Commit[]; selected: number }) {
  if (commits.length > MOST_MARKS) return null;
  return (
    <div class="marks" aria-hidden="true">
      {commits.map(({ id, operation }, index) => (
        <span key={id} class={index === selected ? "now" : ""} title={operation}><Shape operation={operation} /></span>
      ))}
    </div>
  );
}

const SHAPES: Record<string, string> = {
  append: "M5 1.5A3.5 3.5 0 1 1 4.99 1.5Z",
  overwrite: "M2 2H8V8H2Z",
  delete: "M2 2L8 8M8 2L2 8",
  replace: "M5 1L9 5L5 9L1 5Z",
};

function Shape({ operation }: { operation: string }) {
  return (
    <svg class={`shape ${operation === "delete" ? "stroke" : ""}`} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      <path d={SHAPES[operation] ?? "M2 5H8"} />
    </svg>
  );
}
