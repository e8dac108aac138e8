import { useState } from "preact/hooks";
import type { Credentials } from "datashard/worker";
import type { Place } from "../lib/address.js";
import { keysFor, setKeys } from "../state/keys.js";
import { place } from "../state/view.js";

export interface Keys {
  keys: Credentials;
  keep: boolean;
}

/** What was typed as keys; nothing, if no key was. */
export function given({ keys: { accessKeyId, secretAccessKey, sessionToken } }: Keys): Credentials | undefined {
  if (!accessKeyId.trim()) return undefined;
  const keys = { accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() };
  return sessionToken?.trim() ? { ...keys, sessionToken: sessionToken.trim() } : keys;
}

export function useKeys(where: Place): [Keys, (keys: Keys) => void] {
  return useState<Keys>({ keys: keysFor(where) ?? { accessKeyId: "", secretAccessKey: "", sessionToken: "" }, keep: false });
}

export function KeyFields({ legend, value, onChange }: { legend: string; value: Keys; onChange: (keys: Keys) => void }) {
  const { keys, keep } = value;
  const key = (name: "accessKeyId" | "secretAccessKey" | "sessionToken") => ({
    name,
    value: keys[name] ?? "",
    onInput: (event: Event) => onChange({ keep, keys: { ...keys, [name]: (event.target as HTMLInputElement).value } }),
    autocomplete: "off",
    spellcheck: false,
  });
  return (
    <fieldset class="wide">
      <legend>{legend}</legend>
      <label>Access key<input type="text" {...key("accessKeyId")} /></label>
      <label>Secret key<input type="password" {...key("secretAccessKey")} /></label>
      <label>Session token<input type="password" placeholder="none" {...key("sessionToken")} /></label>
      <label class="check wide">
        <input name="keep" type="checkbox" checked={keep} onChange={(event) => onChange({ keys, keep: event.currentTarget.checked })} />
        Keep the keys until this tab is closed
      </label>
    </fieldset>
  );
}

/** Other keys for the table that is open, which is opened with them. */
export function ConnectKeys() {
  const where = JSON.parse(place.value) as Place;
  const [keys, setTyped] = useKeys(where);
  const submit = (event: Event) => {
    event.preventDefault();
    setKeys(where, given(keys), keys);
  };
  return (
    <form class="connect" aria-label="Keys that may write" onSubmit={submit}>
      <KeyFields legend="Keys that may write to the bucket" value={keys} onChange={setTyped} />
      <footer class="wide"><button type="submit">Use these keys</button><p>The table is opened with them, and the records stay here.</p></footer>
    </form>
  );
}
