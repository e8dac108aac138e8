import { useComputed } from "@preact/signals";
import { isUnreachable } from "../state/requests.js";
import { reopen, state } from "../state/table.js";
import { place } from "../state/view.js";
import { corsRule } from "../lib/advice.js";
import { Code, ErrorNote, Skeleton } from "../ui/note.js";
import { ConnectForm } from "./form.js";

/** The page without an open table. */
export function Welcome() {
  const isEarly = useComputed(() => state.value.kind === "opening" && isUnreachable.value);
  const { value } = state;
  return (
    <main class="welcome">
      <h1>{value.kind === "opening" ? "Opening the table" : "Open a table"}</h1>
      {value.kind === "closed" && <p class="lead">Apache Iceberg tables in a bucket, read in this page alone.</p>}
      {value.kind === "failed" && <ErrorNote error={value.error} retry={reopen} />}
      {value.kind === "opening" && !isEarly.value && <Skeleton rows={5} label="Opening the table" />}
      {isEarly.value && (
        <section class="note" role="status">
          <h2>The store has not answered yet</h2>
          <p>It is asked again. If its CORS rule keeps pages of {location.origin} out, it will not: this rule lets them in.</p>
          <Code text={corsRule(location.origin)} label="CORS rule" />
        </section>
      )}
      {value.kind !== "opening" && <ConnectForm key={place.value} />}
      {value.kind === "closed" && <p class="quiet">Or see, without a table, <a href="#tab=live">how writers commit at once</a>.</p>}
    </main>
  );
}
