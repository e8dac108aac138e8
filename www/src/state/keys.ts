import { signal } from "@preact/signals";
import type { Credentials } from "datashard/worker";
import type { Place } from "../lib/address.js";

// Keys are in memory, and in sessionStorage if one says so. They are never in the URL.

const STORED = "datashard.keys";
const given = signal<Record<string, Credentials>>(stored());

/** Keys hold for a bucket: those of one place are never sent to another. */
function scope({ address, endpoint }: Place): string {
  const bucket = /^\w+:\/\/[^/]+/.exec(address.trim())?.[0] ?? "";
  return `${endpoint.trim().replace(/\/+$/, "")} ${bucket}`;
}

export function keysFor(place: Place): Credentials | undefined {
  return given.value[scope(place)];
}

export function setKeys(place: Place, keys: Credentials | undefined, { keep }: { keep: boolean }): void {
  const { [scope(place)]: _, ...others } = given.value;
  given.value = keys ? { ...others, [scope(place)]: keys } : others;
  const kept = stored();
  delete kept[scope(place)];
  if (keys && keep) kept[scope(place)] = keys;
  if (Object.keys(kept).length > 0) sessionStorage.setItem(STORED, JSON.stringify(kept));
  else sessionStorage.removeItem(STORED);
}

function stored(): Record<string, Credentials> {
  try {
    return JSON.parse(sessionStorage.getItem(STORED) ?? "{}") as Record<string, Credentials>;
  } catch {
    return {};
  }
}
