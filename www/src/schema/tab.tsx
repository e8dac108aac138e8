import { useState } from "preact/hooks";
import { count } from "../lib/format.js";
import { typeName, typeText } from "../lib/types.js";
import { columnsAt, type Schema } from "../state/metadata.js";
import type { Model } from "../state/table.js";
import { snapshotId } from "../state/view.js";
import { changes, flatten } from "./changes.js";
import { Wide } from "../ui/wide.js";

/** So many properties are there at once, and so many characters of each; all of them are in the metadata. */
const SHOWN = 200;
const LONG = 2_000;

/** Fields by their ids, and how they came to be what they are. */
export function SchemaTab({ model }: { model: Model }) {
  const { schemas, specs, defaultSpecId, properties } = model.metadata;
  const [shown, setShown] = useState(SHOWN);
  const fields = flatten(columnsAt(model.metadata, snapshotId.value));
  const spec = specs.find((one) => one["spec-id"] === defaultSpecId);
  const name = (id: number) => fields.find((field) => field.id === id)?.name ?? `field ${id}`;
  return (
    <div class="page">
      <section>
        <h2>Fields <small>{snapshotId.value ? "of the snapshot" : "of the table"}</small></h2>
        <Wide label="Fields">
          <table>
            <thead>
              <tr><th class="number">Id</th><th>Name</th><th>Type</th><th>Required</th><th>Description</th></tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <tr key={field.id}>
                  <td class="number quiet">{field.id}</td>
                  <th scope="row" class={`depth${Math.min(field.depth, 6)}`}>{field.name.slice(field.name.lastIndexOf(".", field.name.length - 2) + 1)}</th>
                  <td title={typeText(field.type)}><code>{typeName(field.type)}</code></td>
                  <td>{field.required ? "required" : ""}</td>
                  <td class="prose">{field.doc}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      </section>
      <section>
        <h2>History <small>{count(schemas.length)} schema{schemas.length === 1 ? "" : "s"}</small></h2>
        <ol class="history">
          {[...schemas].sort((a, b) => b["schema-id"] - a["schema-id"]).map((schema, index, sorted) => (
            <Step key={schema["schema-id"]} schema={schema} before={sorted[index + 1]} isCurrent={schema["schema-id"] === model.metadata.currentSchemaId} />
          ))}
        </ol>
      </section>
      <section>
        <h2>Partitions</h2>
        {spec && spec.fields.length > 0 ? (
          <ul class="plain">
            {spec.fields.map((field) => (
              <li key={field.name}><b>{field.name}</b> <code>{field.transform}({name(field["source-id"])})</code></li>
            ))}
          </ul>
        ) : (
          <p class="quiet">The table is not partitioned.</p>
        )}
      </section>
      <section>
        <h2>Properties</h2>
        {properties.length === 0 && <p class="quiet">None is set.</p>}
        <dl class="pairs">
          {properties.slice(0, shown).map(([name, value]) => (
            <div key={name}><dt>{name}</dt><dd>{value.length > LONG ? `${value.slice(0, LONG)}…` : value}</dd></div>
          ))}
        </dl>
        {properties.length > shown && <button type="button" onClick={() => setShown(shown + 1_000)}>Show {count(Math.min(1_000, properties.length - shown))} more of {count(properties.length)}</button>}
      </section>
    </div>
  );
}

function Step({ schema, before, isCurrent }: { schema: Schema; before: Schema | undefined; isCurrent: boolean }) {
  const found = before ? changes(before.fields, schema.fields) : [];
  return (
    <li>
      <h3>Schema {schema["schema-id"]} {isCurrent && <small class="tag">current</small>}</h3>
      {before ? (
        <ul class="plain">
          {found.map((change) => (
            <li key={`${change.kind}${change.id}${change.text}`}><span class={`mark ${change.kind}`}>{change.kind}</span> {change.text} <small class="quiet">id {change.id}</small></li>
          ))}
          {found.length === 0 && <li class="quiet">The same fields in another order, or with other defaults</li>}
        </ul>
      ) : (
        <p class="quiet">{count(schema.fields.length)} columns: {schema.fields.map(({ name }) => name).join(", ")}</p>
      )}
    </li>
  );
}
