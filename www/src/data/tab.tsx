import { useEffect, useMemo, useState } from "preact/hooks";
import type { Field, ScanOptions } from "datashard/worker";
import { columnsAt } from "../state/metadata.js";
import { batchesOf, LAZY } from "../state/first.js";
import { useResource } from "../state/resource.js";
import { current, type Model } from "../state/table.js";
import { go, snapshotId, view } from "../state/view.js";
import { planned } from "../status.js";
import { ErrorNote, Skeleton } from "../ui/note.js";
import { Chooser } from "./chooser.js";
import { chosen, layout, type Column } from "./columns.js";
import { Export } from "./export.js";
import { FilterBox } from "./filter.js";
import { Grid } from "./grid.js";
import { isOrdered, orderBy } from "./order.js";
import { Pages } from "./pages.js";
import { Record } from "./record.js";
import { Sorted } from "./sorted.js";
import type { RowSource } from "./source.js";
import { statistics } from "./statistics.js";

/** The rows, as far as one looks. */
export function DataTab({ model }: { model: Model }) {
  const { filter, columns: names, sort } = view.value;
  const at = snapshotId.value;
  const all = useMemo(() => columnsAt(model.metadata, at), [model, at]);
  const fields = useMemo(() => chosen(all, names), [all, names.join("\n")]);
  const by = sort && fields.find(({ name, type }) => name === sort.column && isOrdered(type));
  const options: ScanOptions = {
    ...(filter && { filter }),
    ...(at && { snapshotId: at }),
    ...(fields !== all && { select: fields.map(({ name }) => name) }),
  };

  useEffect(() => () => void (planned.value = undefined), []);

  return (
    <>
      <div class="tools">
        <FilterBox model={model} fields={all} />
        <Chooser fields={all} />
        <Export model={model} options={options} names={fields.map(({ name }) => name)} />
      </div>
      <Rows model={model} options={options} fields={fields} by={by} sort={sort} />
    </>
  );
}

interface Given {
  model: Model;
  options: ScanOptions;
  fields: Field[];
  /** The column that is sorted by. */
  by: Field | undefined;
  sort: { column: string; isDescending: boolean } | undefined;
}

function Rows({ model, options, fields, by, sort }: Given) {
  const [source, setSource] = useState<RowSource>();
  const [looked, setLooked] = useState<{ row: number; name: string }>();
  useEffect(() => {
    const begin = () => batchesOf(model.table, { ...options, ...(by ? { batchRows: 8_192 } : LAZY) });
    const rows = by && sort ? new Sorted(begin, orderBy(by.name, by.type, sort.isDescending), by.name) : new Pages(begin);
    setSource(rows);
    setLooked(undefined);
    return () => rows.close();
  }, [model, JSON.stringify(options), by, sort?.isDescending]);
  const loaded = source?.loaded.value ?? 0;
  const isBegun = loaded > 0 || source?.isDone.value === true;
  useCounts(model, options, source, isBegun);
  const facts = useStatistics(model, fields, isBegun);
  const columns = useColumns(fields, source, loaded > 0);

  if (!source) return <Skeleton rows={14} label="Reading rows" />;
  const error = source.error.value;
  const row = looked && source.at(looked.row);
  const onSort = ({ field }: Column) => {
    if (isOrdered(field.type)) go({ sort: next(field.name, sort) });
  };
  return (
    <>
      <p class="said" role="status">
        {source.isDone.value && loaded === 0 ? (options.filter ? "No row passes the filter" : "The table has no rows") : source.note.value}
      </p>
      {error !== undefined && <ErrorNote error={error} retry={() => source.retry()} />}
      <div class="split">
        {loaded === 0 && !source.isDone.value ? (
          error === undefined && <Skeleton rows={14} label="Reading the first rows" />
        ) : (
          <Grid source={source} columns={columns} statistics={facts} sort={sort} onSort={onSort}
            onOpen={(row, { field }) => setLooked({ row, name: field.name })} />
        )}
        {looked && row && <Record index={looked.row} row={row} fields={fields} name={looked.name} close={() => close(setLooked)} />}
      </div>
    </>
  );
}

function close(set: (value: undefined) => void): void {
  set(undefined);
  document.querySelector<HTMLElement>(".grid")?.focus();
}

/** Widths are settled by the first rows, and stay. */
function useColumns(fields: Field[], source: RowSource | undefined, isThere: boolean): Column[] {
  return useMemo(() => {
    const sample = Array.from({ length: 60 }, (_, i) => source?.at(i)).filter((row) => row !== undefined);
    return layout(fields, sample);
  }, [fields, source, isThere]);
}

/** How many files and rows there are, which comes behind the first rows. */
function useCounts({ table }: Model, options: ScanOptions, source: RowSource | undefined, isTime: boolean) {
  useResource(async (signal) => {
    if (!source || !isTime) return;
    const plan = await table.scan({ ...options, signal }).plan();
    const [report, total] = await Promise.all([plan.report(), plan.exactCount()]);
    if (signal.aborted) return;
    planned.value = { files: report.files - report.filesSkipped, of: report.files };
    source.total.value = total;
  }, [source, isTime]);
}

/** They are of the whole snapshot, whatever the filter, and come behind the first rows. */
function useStatistics({ table }: Model, fields: Field[], isTime: boolean) {
  const id = current.value?.snapshotId;
  const facts = useResource(async (signal) => {
    if (id === undefined || !isTime) return undefined;
    const plan = await table.scan({ snapshotId: id, signal }).plan();
    return statistics(table, plan, fields, id, signal);
  }, [table, id, fields, isTime]);
  return facts.value;
}

/** Descending first: what is largest is asked for most. */
function next(column: string, sort: Given["sort"]): Given["sort"] {
  if (sort?.column !== column) return { column, isDescending: true };
  return sort.isDescending ? { column, isDescending: false } : undefined;
}
