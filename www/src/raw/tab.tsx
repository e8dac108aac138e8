import type { Model } from "../state/table.js";
import { Inside } from "./inside.js";
import { Log } from "./log.js";
import { Text } from "./text.js";

/** Files of the table as they are, and the requests that were made. */
export function RawTab({ model }: { model: Model }) {
  return (
    <div class="page">
      <Log />
      <Inside model={model} />
      <Text title="Metadata" facts={`version ${model.version}`} json={model.json} name={`v${model.version}.metadata.json`} />
    </div>
  );
}
