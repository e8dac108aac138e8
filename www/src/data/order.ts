import type { FieldType, Row } from "datashard/worker";

export type Compare = (a: Row, b: Row) => number;

/** The order of rows by a column: nulls last, whichever the direction, and NaN before them. */
export function orderBy(column: string, type: FieldType, isDescending: boolean): Compare {
  const key = keyOf(type);
  const sign = isDescending ? -1 : 1;
  return (a, b) => {
    const [left, right] = [a[column], b[column]];
    const [leftRank, rightRank] = [rank(left), rank(right)];
    if (leftRank !== rightRank || leftRank > 0) return leftRank - rightRank;
    const [x, y] = [key(left), key(right)] as [number, number];
    return x < y ? -sign : x > y ? sign : 0;
  };
}

function rank(value: unknown): number {
  if (value === null || value === undefined) return 2;
  return Number.isNaN(value) ? 1 : 0;
}

/** What is compared in place of a value. All decimals of a column have as many digits after the point. */
function keyOf(type: FieldType): (value: unknown) => unknown {
  if (typeof type === "string" && type.startsWith("decimal")) return (value) => BigInt(String(value).replace(".", ""));
  return (value) => value;
}

/** Whether one can sort by a column of this type. */
export function isOrdered(type: FieldType): boolean {
  return typeof type === "string" && !/^(variant|unknown|binary|fixed.*)$/.test(type);
}
