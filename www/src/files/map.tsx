import { bytes, count, many } from "../lib/format.js";
import type { Partition } from "./partitions.js";
import { squarify } from "./treemap.js";

export type Measure = "bytes" | "rows";

/** More tiles than these could not be seen. */
const MOST = 150;
const RATIO = 3.2;

/** Partitions as areas: the more files one has, the darker it is. The table below says the same. */
export function PartitionMap({ partitions, by }: { partitions: Partition[]; by: Measure }) {
  const sorted = partitions.filter((one) => one[by] > 0).sort((a, b) => b[by] - a[by]);
  const [shown, others] = [sorted.slice(0, MOST), sorted.slice(MOST)];
  const rest = others.reduce((sum, one) => sum + one[by], 0);
  const tiles = squarify([...shown.map((one) => one[by]), ...(rest > 0 ? [rest] : [])], RATIO);
  const most = Math.max(1, ...partitions.map(({ files }) => files));
  const tone = (files: number) => (most === 1 ? 0 : Math.round((Math.log(files) / Math.log(most)) * 3));
  return (
    <figure class="map">
      <div class="tiles" role="img" aria-label={`${many(partitions.length, "partition")} by ${by === "rows" ? "rows" : "size"}: as a table below`}>
        {tiles.map((tile, index) => {
          const one = shown[index];
          const name = one ? one.name : `${count(others.length)} others`;
          const size = one ? (by === "rows" ? many(one.rows, "row") : bytes(one.bytes)) : "";
          const isRoomy = tile.width > 0.045 && tile.height > 0.09;
          return (
            <span key={index} class={`tile tone${one ? tone(one.files) : 0}`} title={one ? `${name}: ${size}, ${many(one.files, "file")}` : name}
              style={{ left: part(tile.x), top: part(tile.y), width: part(tile.width), height: part(tile.height) }}>
              {isRoomy && <><b>{name}</b>{tile.height > 0.16 && <small>{size}</small>}</>}
            </span>
          );
        })}
      </div>
      {most > 1 && <figcaption>Files in a partition: {[0, 1, 2, 3].map((tone) => <span key={tone}><i class={`tile tone${tone}`} />{count(Math.round(most ** (tone / 3)))}</span>)}</figcaption>}
    </figure>
  );
}

function part(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
