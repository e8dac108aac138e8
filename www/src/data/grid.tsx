import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { px } from "../lib/format.js";
import { Cell } from "./cell.js";
import { Heading } from "./heading.js";
import { target, type Position } from "./keys.js";
import { Scroll } from "./scroll.js";
import type { Column } from "./columns.js";
import type { RowSource } from "./source.js";
import type { ColumnStatistics } from "./statistics.js";

export const ROW = 26;
const HEADING = 62;
/** Rows beyond the screen that are there already. */
const SPARE = 6;

interface Given {
  source: RowSource;
  columns: Column[];
  statistics: Map<string, ColumnStatistics> | undefined;
  sort: { column: string; isDescending: boolean } | undefined;
  /** Sorts by the column, if it can. */
  onSort: (column: Column) => void;
  /** Shows a row and one of its values at length. */
  onOpen: (row: number, column: Column) => void;
}

/** Rows and columns, of which only those exist that are on the screen. The focus is on the grid; a cell is active. */
export function Grid({ source, columns, statistics, sort, onSort, onOpen }: Given) {
  const element = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 800, height: 400 });
  const [left, setLeft] = useState(0);
  const [offset, setOffset] = useState(0);
  const [active, setActive] = useState<Position>({ row: 0, column: 0 });
  const rows = source.length.value;
  const viewHeight = Math.max(size.height - HEADING, ROW);
  const scroll = new Scroll(rows * ROW, viewHeight, offset);
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const first = Math.max(0, Math.floor(scroll.offset / ROW) - SPARE);
  const last = Math.min(rows - 1, Math.ceil((scroll.offset + viewHeight) / ROW) + SPARE);
  source.version.value;

  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setSize({ width: entry!.contentRect.width, height: entry!.contentRect.height }));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => source.want(first, Math.max(last, first)), [source, first, last]);
  useEffect(() => {
    setOffset(0);
    setActive({ row: 0, column: 0 });
    element.current!.scrollTop = 0;
  }, [source]);

  const scrollTo = (to: number) => {
    element.current!.scrollTop = scroll.to(to);
    setOffset(scroll.offset);
  };
  const onScroll = () => {
    const { scrollTop, scrollLeft } = element.current!;
    setLeft(scrollLeft);
    const at = new Scroll(rows * ROW, viewHeight, offset);
    at.moved(scrollTop);
    if (at.offset !== offset) setOffset(at.offset);
  };
  const onWheel = (event: WheelEvent) => {
    if (!scroll.isScaled || event.ctrlKey || event.shiftKey || event.deltaY === 0) return;
    event.preventDefault();
    scrollTo(scroll.offset + event.deltaY * (event.deltaMode === 1 ? ROW : 1));
  };
  const show = ({ row, column }: Position) => {
    setActive({ row, column });
    const shown = columns[column];
    const view = element.current!;
    if (shown && shown.left < view.scrollLeft) view.scrollLeft = shown.left;
    else if (shown && shown.left + shown.width > view.scrollLeft + size.width) view.scrollLeft = shown.left + shown.width - size.width;
    if (row < 0) return;
    if (row * ROW < scroll.offset) scrollTo(row * ROW);
    else if ((row + 1) * ROW > scroll.offset + viewHeight) scrollTo((row + 1) * ROW - viewHeight);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(viewHeight / ROW) - 1);
    const next = target(event, active, { rows, columns: columns.length, page });
    const column = columns[active.column];
    if (next) show(next);
    else if ((event.key === "Enter" || event.key === " ") && column) active.row < 0 ? onSort(column) : onOpen(active.row, column);
    else return;
    event.preventDefault();
  };
  const visible = columns.map((column, index) => ({ column, index }))
    .filter(({ column, index }) => index === active.column || (column.left + column.width > left - 200 && column.left < left + size.width + 200));
  const cells = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  const isThere = active.row < 0 || (active.row >= first && active.row <= last);

  return (
    <div ref={element} class="grid" role="grid" tabIndex={0} aria-label="Rows" aria-rowcount={source.isDone.value ? rows + 1 : -1}
      aria-colcount={columns.length} aria-activedescendant={isThere ? cellId(active) : undefined} aria-busy={!source.isDone.value && rows === 0}
      onScroll={onScroll} onWheel={onWheel} onKeyDown={onKeyDown}>
      <div class="head" role="row" aria-rowindex={1} style={{ width: px(width), height: px(HEADING) }}>
        {visible.map(({ column, index }) => (
          <Heading key={column.field.name} id={cellId({ row: -1, column: index })} index={index} column={column}
            statistics={statistics?.get(column.field.name)} sort={sort?.column === column.field.name ? sort : undefined}
            isActive={active.row < 0 && active.column === index}
            onClick={() => { setActive({ row: -1, column: index }); onSort(column); }} />
        ))}
      </div>
      <div class="rows" role="rowgroup" style={{ width: px(width), height: px(scroll.height) }}>
        {cells.map((row) => {
          const values = source.at(row);
          const y = scroll.top + row * ROW - scroll.offset;
          return (
            <div key={row} role="row" aria-rowindex={row + 2} class={row === active.row ? "row active" : "row"} style={{ transform: `translateY(${y}px)`, width: px(width) }}>
              {visible.map(({ column, index }) => (
                <Cell key={column.field.name} id={cellId({ row, column: index })} index={index} column={column} row={values}
                  isActive={row === active.row && index === active.column}
                  onClick={() => (row === active.row && index === active.column ? onOpen(row, column) : setActive({ row, column: index }))} />
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function cellId({ row, column }: Position): string {
  return `cell-${row}-${column}`;
}
