import type { Row } from "datashard/worker";
import { px } from "../lib/format.js";
import type { Column } from "./columns.js";

interface Given {
  id: string;
  index: number;
  column: Column;
  row: Row | undefined;
  isActive: boolean;
  onClick: () => void;
}

export function Cell({ id, index, column, row, isActive, onClick }: Given) {
  const value = row?.[column.field.name];
  const kind = row === undefined ? "coming" : value === null || value === undefined ? "null" : value === "" ? "empty" : column.isNumber ? "number" : "text";
  return (
    <div id={id} role="gridcell" aria-colindex={index + 1} aria-selected={isActive} class={`cell ${kind}`} style={{ left: px(column.left), width: px(column.width) }} onClick={onClick}>
      {row === undefined ? <span class="block" /> : kind === "null" ? "null" : kind === "empty" ? "empty" : column.text(value)}
    </div>
  );
}
