// A log collector: `POST /logs` appends records and answers when they are durable, `GET /query?filter=` reads them back.
// Runs in any runtime whose servers take a Request and give a Response.

import { DataShardError, Warehouse } from "datashard";

const SCHEMA = {
  fields: [
    { name: "ts", type: "timestamptz", required: true },
    { name: "level", type: "string", required: true },
    { name: "service", type: "string" },
    { name: "message", type: "string", required: true },
    { name: "attributes", type: { type: "map", key: "string", value: "string" } },
  ],
};

const STATUS = {
  "not-found": 404,
  "already-exists": 409,
  "invalid-input": 400,
  "permission-denied": 403,
};

/** Appends that come while another is being committed wait, and then share a commit. */
class Batches {
  #table;
  #waiting = [];
  #committing;

  constructor(table) {
    this.#table = table;
  }

  /** `lasting` keeps the runtime from ending the work when the client that it began for goes away. */
  async append(rows, idempotencyKey, lasting) {
    const own = { rows, idempotencyKey, outcome: undefined };
    this.#waiting.push(own);
    while (!own.outcome) {
      if (this.#committing) {
        await this.#committing;
        continue;
      }
      const batch = this.#waiting;
      this.#waiting = [];
      this.#committing = this.#commit(batch).finally(() => (this.#committing = undefined));
      lasting(this.#committing);
      await this.#committing;
    }
    if (own.outcome.error) throw own.outcome.error;
    return own.outcome.receipt;
  }

  async #commit(batch) {
    const commit = async (one) => {
      try {
        const table = await this.#table();
        one.outcome = { receipt: await table.append(one.rows, { idempotencyKey: one.idempotencyKey }) };
      } catch (error) {
        one.outcome = { error };
      }
    };
    await Promise.all(batch.map(commit));
  }
}

/** A handler of requests, for the table of this name in this store. */
export function collector(store, name) {
  const warehouse = new Warehouse(store);
  let opening;
  const table = async () => {
    opening ??= warehouse.create(name, SCHEMA, { orOpen: true });
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
  const batches = new Batches(table);

  async function append(request, lasting) {
    const records = JSON.parse(await request.text());
    const now = new Date();
    const rows = [records].flat().map((record) => ({ ts: now, ...record }));
    const key = request.headers.get("idempotency-key") ?? undefined;
    const { version, repeated } = await batches.append(rows, key, lasting);
    return Response.json({ version, repeated }, { status: repeated ? 200 : 201 });
  }

  async function query(url, signal) {
    const { filter, limit = "100" } = Object.fromEntries(url.searchParams);
    const newest = await table();
    await newest.refresh({ signal });
    const rows = await newest.scan({ filter, limit: Number(limit), signal }).toArray();
    const plain = (_, value) => (value instanceof Map ? Object.fromEntries(value) : value);
    const lines = rows.map((row) => `${JSON.stringify(row, plain)}\n`);
    return new Response(lines.join(""), { headers: { "content-type": "application/x-ndjson" } });
  }

  return async function handle(request, lasting = () => {}) {
    const url = new URL(request.url);
    try {
      if (request.method === "POST" && url.pathname === "/logs") return await append(request, lasting);
      if (request.method === "GET" && url.pathname === "/query") return await query(url, request.signal);
      return new Response("POST /logs, or GET /query?filter=level = 'error'\n", { status: 404 });
    } catch (error) {
      if (error instanceof SyntaxError) return Response.json({ error: error.message }, { status: 400 });
      if (!(error instanceof DataShardError)) throw error;
      // Whatever it is: to repeat it with the same key does no harm.
      const status = STATUS[error.code] ?? 503;
      return Response.json({ error: error.message, code: error.code }, { status });
    }
  };
}
