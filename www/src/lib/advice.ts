import { DataShardError } from "datashard/worker";

export interface Advice {
  title: string;
  /** What was thrown, in its own words. */
  detail: string;
  what: string;
  /** The bucket's CORS rule that lets this page in. */
  rule?: string;
}

export function advise(error: unknown): Advice {
  const detail = error instanceof Error ? error.message : String(error);
  if (!(error instanceof DataShardError)) return { title: "That did not work", detail, what: "" };
  switch (error.code) {
    case "unavailable":
      return unreachable(detail);
    case "permission-denied":
      return { title: "The bucket lets nobody in without other keys", detail, what: "Give keys that may read the table, and look at the region: signatures hold for one only." };
    case "not-found":
      return { title: "Nothing is there", detail, what: "Look at the spelling of bucket and table. A table is the folder above metadata/." };
    case "invalid-input":
      return { title: "That cannot be asked", detail, what: "" };
    case "invalid-data":
      return { title: "What the store sent is not what the specification wants", detail, what: "" };
    case "unsupported":
      return { title: "This reader cannot do that", detail, what: "" };
    default:
      return { title: "That did not work", detail, what: "Try again; the message says what happened." };
  }
}

function unreachable(detail: string): Advice {
  if (!/CORS/.test(detail)) {
    return { title: "The store does not answer", detail, what: "Look at the endpoint, and try again." };
  }
  return {
    title: "The browser got no answer from the store",
    detail,
    what: `Either nothing answers at this endpoint, or its CORS rule does not let pages of ${location.origin} in. This rule of the bucket does:`,
    rule: corsRule(location.origin),
  };
}

/** As S3 and R2 take it. */
export function corsRule(origin: string): string {
  const rule = {
    AllowedOrigins: [origin],
    AllowedMethods: ["GET", "HEAD"],
    AllowedHeaders: ["range"],
    ExposeHeaders: ["ETag", "Date", "Content-Range", "Retry-After"],
    MaxAgeSeconds: 3600,
  };
  const lines = Object.entries(rule).map(([name, value]) => `  "${name}": ${JSON.stringify(value).replaceAll(",", ", ")}`);
  return `[{\n${lines.join(",\n")}\n}]`;
}
