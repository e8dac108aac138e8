import type { Field } from "datashard/worker";
import { count, many } from "../lib/format.js";
import { typeName } from "../lib/types.js";
import { layout } from "../data/columns.js";
import { Wide } from "../ui/wide.js";
import type { Checked } from "./check.js";
import { MOST_PROBLEMS, type Problem } from "./read.js";

/** Rows as they will be stored. */
export function Preview({ checked: { shown, count: rows }, fields, kind }: { checked: Checked; fields: Field[]; kind: string }) {
  const columns = layout(fields, shown);
  return (
    <section>
      <h2>As it will be stored <small>{many(rows, "row")} of {kind}{shown.length < rows && `, the first ${count(shown.length)} shown`}</small></h2>
      <Wide label="Rows as they will be stored">
        <table class="stored">
          <thead>
            <tr>
              <th class="number">Row</th>
              {columns.map(({ field, isNumber }) => <th key={field.name} class={isNumber ? "number" : ""}>{field.name} <small>{typeName(field.type)}</small></th>)}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              <tr key={index}>
                <td class="number quiet">{index + 1}</td>
                {columns.map(({ field, isNumber, text }) => {
                  const value = row[field.name];
                  const isNull = value === null || value === undefined;
                  return <td key={field.name} class={isNull || value === "" ? "nothing" : isNumber ? "number" : ""}>{isNull ? "null" : value === "" ? "empty" : text(value)}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}

/** What keeps the rows from being appended, value by value. */
export function Problems({ problems }: { problems: Problem[] }) {
  const more = problems.length >= MOST_PROBLEMS;
  return (
    <section role="alert">
      <h2 class="problem">{more ? `The first ${MOST_PROBLEMS} problems` : many(problems.length, "problem")}</h2>
      <Wide label="Problems">
        <table class="problems">
          <thead><tr><th class="number">Row</th><th>Column</th><th>Problem</th></tr></thead>
          <tbody>
            {problems.map(({ row, column, why }, index) => (
              <tr key={index}><td class="number">{row ?? "all"}</td><th scope="row">{column}</th><td class="prose">{why}</td></tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}
