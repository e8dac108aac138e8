import { DataShardError } from "datashard/worker";

export interface Advice {
  title: string;
  /** What was thrown, in its own words. */
  detail: string;
  what: string;
  /** The bucket's CORS rule that lets this page in. */
  rule?: string;
}

/** What to do about an error; where something was to be written, about the store's refusal to write. */
export function advise(error: unknown, { isWriting = false } = {}): Advice {
  const detail = error instanceof Error ? error.message : String(error);
  if (!(error instanceof DataShardError)) return { title: "That did not work", detail, what: "" };
  switch (error.code) {
    case "unavailable":
      return unreachable(detail, isWriting);
    case "permission-denied":
      if (isWriting) return { title: "The store does not let these keys write", detail, what: "Nothing was appended. Give keys that may put objects into the bucket." };
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

function unreachable(detail: string, isWriting: boolean): Advice {
  if (!/CORS/.test(detail)) {
    return { title: "The store does not answer", detail, what: "Look at the endpoint, and try again." };
  }
  return {
    title: "The browser got no answer from the store",
    detail,
    what: `Either nothing answers at this endpoint, or its CORS rule does not let pages of ${location.origin} in. This rule of the bucket does:`,
    rule: corsRule(location.origin, { isWriting }),
  };
}

/** As S3 and R2 take it. */
export function corsRule(origin: string, { isWriting = false } = {}): string {
  const headers = ["authorization", "content-type", "content-md5", "if-match", "if-none-match", "range", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
  const rule = {
    AllowedOrigins: [origin],
    AllowedMethods: isWriting ? ["GET", "HEAD", "PUT", "POST", "DELETE"] : ["GET", "HEAD"],
    AllowedHeaders: isWriting ? headers : ["range"],
    ExposeHeaders: ["ETag", "Date", "Content-Range", "Retry-After"],
    MaxAgeSeconds: 3600,
  };
  const lines = Object.entries(rule).map(([name, value]) => `  "${name}": ${JSON.stringify(value).replaceAll(",", ", ")}`);
  return `[{\n${lines.join(",\n")}\n}]`;
}
