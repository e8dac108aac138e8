import { useState } from "preact/hooks";
import { parse, type Place } from "../lib/address.js";
import { setKeys } from "../state/keys.js";
import { reopen } from "../state/table.js";
import { go, place, view } from "../state/view.js";
import { given, KeyFields, useKeys } from "./keys.js";

/** Where a table is, and the keys to it. */
export function ConnectForm() {
  const [wanted, setWanted] = useState<Place>(JSON.parse(place.peek()) as Place);
  const [keys, setTyped] = useKeys(wanted);
  const [problem, setProblem] = useState("");
  const isS3 = !/^https?:/.test(wanted.address.trim());

  const submit = (event: Event) => {
    event.preventDefault();
    const credentials = isS3 ? given(keys) : undefined;
    try {
      parse(wanted, credentials, fetch);
    } catch (error) {
      setProblem((error as Error).message);
      return;
    }
    setProblem("");
    const opened = { address: wanted.address.trim(), endpoint: isS3 ? wanted.endpoint.trim() : "", region: isS3 ? wanted.region.trim() : "" };
    setKeys(opened, credentials, keys);
    const isSame = JSON.stringify(opened) === place.peek();
    if (isSame) reopen();
    else go({ ...opened, filter: "", columns: [], sort: undefined, snapshot: "", base: "", file: "", tab: view.peek().tab });
  };

  const placed = (name: keyof Place) => ({
    value: wanted[name],
    onInput: (event: Event) => setWanted({ ...wanted, [name]: (event.target as HTMLInputElement).value }),
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
          <KeyFields legend="Keys, unless the bucket is public" value={keys} onChange={setTyped} />
        </>
      )}
      <footer class="wide">
        <button type="submit" class="primary">Open</button>
        <p>Keys stay in this page's memory, and go to this endpoint only. There is no server between you and the bucket.</p>
      </footer>
    </form>
  );
}
