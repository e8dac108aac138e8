// Log records of a shop that does not exist: always the same ones.

/** A generator of numbers in [0, 1) (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SERVICES = [
  { name: "gateway", hosts: 4, share: 0.38, millis: 24, paths: ["GET /", "GET /products", "GET /cart", "POST /cart", "GET /assets/app.js"] },
  { name: "catalog", hosts: 3, share: 0.22, millis: 11, paths: ["GET /v1/products", "GET /v1/products/{id}", "GET /v1/search"] },
  { name: "cart", hosts: 2, share: 0.14, millis: 18, paths: ["GET /v1/carts/{id}", "PUT /v1/carts/{id}/items", "DELETE /v1/carts/{id}"] },
  { name: "checkout", hosts: 2, share: 0.11, millis: 140, paths: ["POST /v1/orders", "GET /v1/orders/{id}"] },
  { name: "payments", hosts: 2, share: 0.07, millis: 310, paths: ["POST /v1/charges", "POST /v1/refunds"] },
  { name: "mailer", hosts: 1, share: 0.05, millis: 95, paths: ["POST /v1/mails"] },
  { name: "inventory", hosts: 2, share: 0.03, millis: 42, paths: ["PATCH /v1/stock/{id}", "GET /v1/stock/{id}"] },
];
const REGIONS = ["eu-central", "eu-west", "us-east"];
const AGENTS = ["Firefox/132", "Chrome/131", "Safari/18.1", "curl/8.11", "okhttp/4.12"];
const TAGS = ["http", "retry", "cache-miss", "slow", "mobile", "canary", "batch"];
const PROBLEMS = ["upstream timed out", "connection reset by peer", "pool exhausted", "deadline exceeded", "payload rejected"];

/** As the table begins. */
export const SCHEMA = {
  fields: [
    { name: "ts", type: "timestamptz", required: true, doc: "when the request ended" },
    { name: "level", type: "string", required: true },
    { name: "service", type: "string", required: true },
    { name: "host", type: "string" },
    { name: "status", type: "int", doc: "of HTTP; null where there was no answer" },
    { name: "millis", type: "double" },
    { name: "bytes", type: "long", doc: "of the answer's body" },
    { name: "message", type: "string" },
    { name: "attributes", type: { type: "map", key: "string", value: "string" } },
    { name: "tags", type: { type: "list", element: "string" } },
  ],
};

/** Rows in the order of time, from `start` (milliseconds since 1970) on, `step` milliseconds apart on average. */
export function* rows(count, { seed, start, step }) {
  const next = random(seed);
  const pick = (items) => items[Math.floor(next() * items.length)];
  const hex = (digits) => Math.floor(next() * 16 ** digits).toString(16).padStart(digits, "0");
  let time = start;
  for (let i = 0; i < count; i++) {
    time += step * 2 * next();
    let share = next();
    const service = SERVICES.find((one) => (share -= one.share) < 0) ?? SERVICES[0];
    const luck = next();
    const level = luck < 0.006 ? "error" : luck < 0.03 ? "warn" : luck < 0.9 ? "info" : "debug";
    const isSilent = level === "error" && next() < 0.3;
    const status = isSilent ? null : level === "error" ? pick([500, 502, 503, 504]) : level === "warn" ? pick([404, 409, 429]) : 200;
    const duration = Math.round(service.millis * Math.exp((next() + next() + next() - 1.5) * 1.6) * (level === "error" ? 900 : 100)) / 100;
    const path = pick(service.paths).replace("{id}", hex(6));
    const outcome = level === "error" ? pick(PROBLEMS) : level === "warn" ? "refused" : `${status}`;
    const tags = TAGS.filter(() => next() < 0.12);
    yield {
      ts: new Date(time),
      level,
      service: service.name,
      host: `${service.name}-${1 + Math.floor(next() * service.hosts)}`,
      status,
      duration,
      bytes: isSilent ? null : Math.floor(200 + 40_000 * next() ** 4),
      message: `${path} ${outcome} in ${duration} ms`,
      attributes: { region: pick(REGIONS), trace: hex(8) + hex(8), agent: pick(AGENTS) },
      tags: tags.length > 0 ? tags : null,
    };
  }
}
