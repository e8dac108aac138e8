import { useState } from "preact/hooks";
import type { Row } from "datashard/worker";
import { bytes, count } from "../lib/format.js";
import { PartitionMap, type Measure } from "./map.js";
import type { PartitionSpec } from "../state/metadata.js";
import { partitionText, specOf } from "./tree.js";
import { Wide } from "../ui/wide.js";

const SHOWN = 50;

export interface Partition {
  name: string;
  spec: number;
  rows: number;
  files: number;
  bytes: number;
}

/** The partitions, the largest first, as a map and as a table. */
export function Partitions({ rows, specs }: { rows: Row[]; specs: PartitionSpec[] }) {
  const [shown, setShown] = useState(SHOWN);
  const [by, setBy] = useState<Measure>("bytes");
  const partitions: Partition[] = rows
    .filter((row) => row["partition"])
    .map((row) => ({
      name: partitionText(row["partition"] as Row, specOf(row, specs)),
      spec: Number(row["spec_id"] ?? 0),
      rows: Number(row["record_count"]),
      files: Number(row["file_count"]),
      bytes: Number(row["total_data_file_size_in_bytes"]),
    }))
    .sort((a, b) => b[by] - a[by]);
  const most = Math.max(1, ...partitions.map((one) => one[by]));
  return (
    <section>
      <h2>Partitions <small>{partitions.length > 0 && count(partitions.length)}</small></h2>
      {partitions.length === 0 && <p class="quiet">The table is not partitioned.</p>}
      {partitions.length > 0 && (
        <div class="choice" role="group" aria-label="Measure">
          <button type="button" aria-pressed={by === "bytes"} onClick={() => setBy("bytes")}>Size</button>
          <button type="button" aria-pressed={by === "rows"} onClick={() => setBy("rows")}>Rows</button>
        </div>
      )}
      {partitions.length > 0 && <PartitionMap partitions={partitions} by={by} />}
      {partitions.length > 0 && (
        <Wide label="Partitions">
          <table>
            <thead>
              <tr><th>Partition</th><th class="number">Rows</th><th class="number">Files</th><th class="number">Size</th><th><span class="unseen">Share</span></th></tr>
            </thead>
            <tbody>
              {partitions.slice(0, shown).map((one) => (
                <tr key={`${one.spec} ${one.name}`}>
                  <th scope="row">{one.name}</th>
                  <td class="number">{count(one.rows)}</td>
                  <td class="number">{count(one.files)}</td>
                  <td class="number">{bytes(one.bytes)}</td>
                  <td class="share"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width={(one[by] / most) * 100} height="8" /></svg></td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
      {partitions.length > shown && <button type="button" onClick={() => setShown(shown + 500)}>Show more</button>}
    </section>
  );
}
