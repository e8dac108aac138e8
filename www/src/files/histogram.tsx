import { bytes, count } from "../lib/format.js";
import type { DataFile } from "./tree.js";

/** How many files are how large: each bar holds files up to twice the size of the one before. */
export function Histogram({ files }: { files: DataFile[] }) {
  const bins = histogram(files.map((file) => file.bytes));
  const most = Math.max(1, ...bins.map(({ files }) => files));
  const step = 1000 / bins.length;
  return (
    <figure class="histogram">
      <svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label={`Sizes of ${count(files.length)} files`}>
        {bins.map(({ files }, index) => {
          const height = files === 0 ? 0 : Math.max(2, (files / most) * 96);
          return <rect key={index} x={index * step + step * 0.04} y={100 - height} width={step * 0.92} height={height} />;
        })}
      </svg>
      <table class="twin">
        <caption>Files by size</caption>
        <tbody>
          {bins.map(({ from, to, files }) => (
            <tr key={from}><th scope="row"><span class="from">{bytes(from)} </span>to {bytes(to)}</th><td class={files === 0 ? "quiet" : ""}>{count(files)}</td></tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

/** Fewer bars would look like a wall. */
const LEAST = 9;

interface Bin {
  from: number;
  to: number;
  files: number;
}

export function histogram(sizes: number[]): Bin[] {
  const power = (size: number) => Math.floor(Math.log2(Math.max(1, size)));
  const powers = sizes.map(power);
  let [low, high] = powers.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);
  while (high - low < LEAST - 1) [low, high] = [Math.max(0, low - 1), high + 1];
  return Array.from({ length: high - low + 1 }, (_, i) => {
    const from = 2 ** (low + i);
    return { from, to: from * 2, files: powers.filter((one) => one === low + i).length };
  });
}
