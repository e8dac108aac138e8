import { percent, px } from "../lib/format.js";
import { typeName, typeText } from "../lib/types.js";
import { isOrdered } from "./order.js";
import type { Column } from "./columns.js";
import type { ColumnStatistics } from "./statistics.js";

interface Given {
  id: string;
  index: number;
  column: Column;
  statistics: ColumnStatistics | undefined;
  sort: { isDescending: boolean } | undefined;
  isActive: boolean;
  onClick: () => void;
}

/** A column's name and type, and what files say of its values. */
export function Heading({ id, index, column: { field, left, width }, statistics, sort, isActive, onClick }: Given) {
  const order = sort ? (sort.isDescending ? "descending" : "ascending") : "none";
  const canSort = isOrdered(field.type);
  const range = statistics?.min == null ? "" : `${trim(statistics.min)} … ${trim(statistics.max)}`;
  const told = [
    `${field.name}: ${typeText(field.type)}${field.required ? ", required" : ""}`,
    field.doc,
    statistics?.nullShare !== undefined && `${percent(statistics.nullShare)} null`,
    range && `${statistics?.min} … ${statistics?.max}${statistics?.isExact ? "" : " (of files, which may cut texts)"}`,
  ];
  return (
    <div id={id} role="columnheader" aria-colindex={index + 1} aria-sort={canSort ? order : undefined} class={`heading${isActive ? " active" : ""}${canSort ? "" : " fixed"}`}
      style={{ left: px(left), width: px(width) }} title={told.filter(Boolean).join("\n")} onClick={onClick}>
      <span class="name">
        <b>{field.name}</b>
        {sort && <i aria-hidden="true">{sort.isDescending ? "↓" : "↑"}</i>}
        <small>{typeName(field.type)}</small>
      </span>
      <span class="range">{range}</span>
      {statistics?.nullShare !== undefined && <Nulls share={statistics.nullShare} />}
    </div>
  );
}

/** How much of a column is null. */
function Nulls({ share }: { share: number }) {
  return (
    <span class="nulls">
      <svg viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="3" class="whole" />
        <rect width={100 - share * 100} height="3" class="part" />
      </svg>
      <small>{share > 0 ? `${percent(share)} null` : "no nulls"}</small>
    </span>
  );
}

function trim(value: unknown): string {
  const text = String(value).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?[\d.]*Z?$/, "$1 $2");
  return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}
