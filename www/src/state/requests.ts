import { computed, signal } from "@preact/signals";

/** A request to the store, as the page shows it. */
export interface Request {
  id: number;
  method: string;
  /** The path, without what a signature adds. */
  path: string;
  range: string;
  /** Milliseconds since the page was opened. */
  start: number;
  end: number | undefined;
  /** 0: it failed, and browsers do not say why. */
  status: number | undefined;
  bytes: number;
}

/** So many are kept. */
const KEPT = 2_000;

export const requests = signal<readonly Request[]>([]);
export const totals = signal({ requests: 0, bytes: 0 });
/** How many requests in a row came to nothing: what a missing CORS rule looks like. */
const failures = signal(0);
export const isUnreachable = computed(() => failures.value >= 2);

let last = 0;

/** What was asked for before the module is there to ask, by its URL. */
const early = new Map<string, Promise<Response>>();

/** Asks for what the module is likely to ask for at first; what it does not, is for nothing. */
export function ask(url: string): Promise<Response> {
  const answer = send(url, { cache: "no-store" });
  early.set(url, answer);
  // Who asks again gets an answer of its own.
  answer.catch(() => early.delete(url));
  return answer;
}

/** The browser's `fetch`, noted. */
export async function noted(url: string, init: RequestInit): Promise<Response> {
  const headers = init.headers as Record<string, string> | undefined;
  const begun = early.get(url);
  early.delete(url);
  const isSame = begun !== undefined && (init.method ?? "GET") === "GET" && headers?.["range"] === undefined;
  return isSame ? begun.then((response) => response.clone(), () => send(url, init)) : send(url, init);
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const headers = init.headers as Record<string, string> | undefined;
  const request: Request = {
    id: ++last,
    method: init.method ?? "GET",
    path: pathOf(url),
    range: (headers?.["range"] ?? "").replace("bytes=", ""),
    start: performance.now(),
    end: undefined,
    status: undefined,
    bytes: 0,
  };
  change(request);
  try {
    const response = await fetch(url, init);
    const body = await response.arrayBuffer();
    failures.value = 0;
    change({ ...request, end: performance.now(), status: response.status, bytes: body.byteLength });
    totals.value = { requests: totals.value.requests + 1, bytes: totals.value.bytes + body.byteLength };
    const { status, headers } = response;
    // Browsers say nothing of a redirect but that it is one.
    if (status === 0) return new Response(null, { status: 307 });
    return new Response([204, 205, 304].includes(status) ? null : body, { status, headers });
  } catch (error) {
    failures.value += 1;
    change({ ...request, end: performance.now(), status: 0 });
    totals.value = { ...totals.value, requests: totals.value.requests + 1 };
    throw error;
  }
}

export function forget(): void {
  requests.value = [];
  totals.value = { requests: 0, bytes: 0 };
  failures.value = 0;
}

function change(request: Request): void {
  const at = requests.value.findLastIndex(({ id }) => id === request.id);
  const all = at < 0 ? [...requests.value, request] : requests.value.with(at, request);
  requests.value = all.length > KEPT ? all.slice(-KEPT) : all;
}

/** A signature stands in the query. */
function pathOf(url: string): string {
  const { pathname, searchParams } = new URL(url);
  const prefix = searchParams.get("prefix");
  return decodeURIComponent(pathname) + (prefix === null ? "" : ` (list ${prefix})`);
}
