/** A cell; the row -1 is that of the headings. */
export interface Position {
  row: number;
  column: number;
}

export interface Extent {
  rows: number;
  columns: number;
  /** How many rows a page has. */
  page: number;
}

/** Where a key leads, as the grid pattern of ARIA has it. */
export function target(event: KeyboardEvent, { row, column }: Position, { rows, columns, page }: Extent): Position | undefined {
  const isFar = event.ctrlKey || event.metaKey;
  if (event.altKey || event.shiftKey) return undefined;
  const to = (row: number, column: number): Position => ({
    row: Math.max(-1, Math.min(row, rows - 1)),
    column: Math.max(0, Math.min(column, columns - 1)),
  });
  switch (event.key) {
    case "ArrowDown":
      return to(isFar ? rows : row + 1, column);
    case "ArrowUp":
      return to(isFar ? 0 : row - 1, column);
    case "ArrowRight":
      return to(row, isFar ? columns : column + 1);
    case "ArrowLeft":
      return to(row, isFar ? 0 : column - 1);
    case "PageDown":
      return to(row + page, column);
    case "PageUp":
      return to(Math.max(0, row - page), column);
    case "Home":
      return to(isFar ? 0 : row, 0);
    case "End":
      return to(isFar ? rows : row, columns);
    default:
      return undefined;
  }
}
