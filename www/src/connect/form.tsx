import { useState } from "preact/hooks";
import type { Credentials } from "datashard/worker";
import { parse, type Place } from "../lib/address.js";
import { keysFor, setKeys } from "../state/keys.js";
import { reopen } from "../state/table.js";
import { go, place, view } from "../state/view.js";

/** Where a table is, and the keys to it. */
export function ConnectForm() {
  const [wanted, setWanted] = useState<Place>(JSON.parse(place.peek()) as Place);
  const [keys, setTyped] = useState<Credentials>(keysFor(wanted) ?? { accessKeyId: "", secretAccessKey: "", sessionToken: "" });
  const [keep, setKeep] = useState(false);
  const [problem, setProblem] = useState("");
  const isS3 = !/^https?:/.test(wanted.address.trim());

  const submit = (event: Event) => {
    event.preventDefault();
    const given = isS3 && keys.accessKeyId.trim() ? trimmed(keys) : undefined;
    try {
      parse(wanted, given, fetch);
    } catch (error) {
      setProblem((error as Error).message);
      return;
    }
    setProblem("");
    const opened = { address: wanted.address.trim(), endpoint: isS3 ? wanted.endpoint.trim() : "", region: isS3 ? wanted.region.trim() : "" };
    setKeys(opened, given, { keep });
    const isSame = JSON.stringify(opened) === place.peek();
    if (isSame) reopen();
    else go({ ...opened, filter: "", columns: [], sort: undefined, snapshot: "", base: "", tab: view.peek().tab });
  };

  const placed = (name: keyof Place) => ({
    value: wanted[name],
    onInput: (event: Event) => setWanted({ ...wanted, [name]: (event.target as HTMLInputElement).value }),
  });
  const key = (name: "accessKeyId" | "secretAccessKey" | "sessionToken") => ({
    value: keys[name] ?? "",
    onInput: (event: Event) => setTyped({ ...keys, [name]: (event.target as HTMLInputElement).value }),
    autocomplete: "off",
    spellcheck: false,
  });

  return (
    <form class="connect" onSubmit={submit} aria-label="Open a table" noValidate>
      <label class="wide">
        Address
        <input name="address" type="text" autofocus spellcheck={false} autocomplete="off" placeholder="s3://bucket/table or https://host/path/table"
          aria-invalid={problem !== ""} aria-describedby={problem ? "problem" : undefined} {...placed("address")} />
      </label>
      {problem && <p id="problem" class="problem wide" role="alert">{problem}</p>}
      {isS3 && (
        <>
          <label class="most">
            Endpoint
            <input name="endpoint" type="text" spellcheck={false} autocomplete="off" placeholder="AWS" {...placed("endpoint")} />
          </label>
          <label>
            Region
            <input name="region" type="text" spellcheck={false} autocomplete="off" placeholder="us-east-1" {...placed("region")} />
          </label>
          <fieldset class="wide">
            <legend>Keys, unless the bucket is public</legend>
            <label>Access key<input name="accessKeyId" type="text" {...key("accessKeyId")} /></label>
            <label>Secret key<input name="secretAccessKey" type="password" {...key("secretAccessKey")} /></label>
            <label>Session token<input name="sessionToken" type="password" placeholder="none" {...key("sessionToken")} /></label>
            <label class="check wide">
              <input name="keep" type="checkbox" checked={keep} onChange={(event) => setKeep(event.currentTarget.checked)} />
              Keep the keys until this tab is closed
            </label>
          </fieldset>
        </>
      )}
      <footer class="wide">
        <button type="submit" class="primary">Open</button>
        <p>Keys stay in this page's memory, and go to this endpoint only. There is no server between you and the bucket.</p>
      </footer>
    </form>
  );
}

function trimmed({ accessKeyId, secretAccessKey, sessionToken }: Credentials): Credentials {
  const keys = { accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() };
  return sessionToken?.trim() ? { ...keys, sessionToken: sessionToken.trim() } : keys;
}
