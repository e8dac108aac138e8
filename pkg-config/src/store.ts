import { DataShardError } from "./error.js";
import { MemoryBucket } from "./memory.js";
import { bucketFetch, type R2Like } from "./r2.js";

/** A function like the global `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  /** Until when they are valid; they are asked for again shortly before. A number is in milliseconds since 1970. */
  expiration?: Date | number | string | undefined;
}

export interface S3Options {
  bucket: string;
  /** `https://` (or `http://`), a host, maybe a port and a path. Left out: AWS in the region. */
  endpoint?: string | undefined;
  /** `us-east-1` by default. */
  region?: string | undefined;
  /** Where the keys of all tables begin. */
  prefix?: string | undefined;
  /** Keys, or a function that brings them when they are needed. Left out: requests are not signed, as for public buckets. */
  credentials?: Credentials | (() => Credentials | Promise<Credentials>) | undefined;
  /** Whether the bucket is in the path of URLs instead of the host. True by default with an endpoint. */
  pathStyle?: boolean | undefined;
  /** In place of the global `fetch`. */
  fetch?: Fetch | undefined;
}

/** Where tables are: made by {@link s3}, {@link https}, {@link r2} or {@link memory}. */
export interface Store {
  /** What the module takes. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A bucket of AWS, or with `endpoint` of anything that speaks S3. Sends nothing yet. */
export function s3(options: S3Options): Store {
  const { credentials, ...rest } = options;
  if (!options.bucket) throw new DataShardError("invalid-input", "s3() needs the option `bucket`");
  if (typeof credentials === "object" && !(credentials.accessKeyId && credentials.secretAccessKey)) {
    throw new DataShardError("invalid-input", "credentials need both `accessKeyId` and `secretAccessKey`");
  }
  const keys = typeof credentials === "function" ? { credentials } : { ...credentials };
  if (typeof credentials === "object" && credentials.expiration !== undefined) {
    throw new DataShardError("invalid-input", "keys that expire come from a function: `credentials: async () => ...`");
  }
  return { options: defined({ ...rest, ...keys }) };
}

/**
 * Tables below an address of a public server, such as `https://data.example.org/warehouse`, to be read. The first part of
 * its path stands for the bucket.
 */
export function https(address: string | URL, options: { fetch?: Fetch } = {}): Store {
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new DataShardError("invalid-input", `\`${String(address)}\` is no address`, { cause });
  }
  const [bucket, ...prefix] = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  if (!/^https?:$/.test(url.protocol) || bucket === undefined || url.search || url.hash) {
    throw new DataShardError("invalid-input", "an address such as https://host/folder is wanted");
  }
  return { options: defined({ endpoint: url.origin, bucket, prefix: prefix.join("/"), pathStyle: true, ...options }) };
}

/**
 * A bucket that is bound to a Cloudflare Worker. Its conditional put is what makes commits safe.
 * `bucket` is its name, by which other engines find the files.
 */
export function r2(binding: R2Like, options: { bucket: string; prefix?: string }): Store {
  return bound(binding, options.bucket, options.prefix);
}

/** Tables in memory, which end with this object. */
export function memory(): Store {
  return bound(new MemoryBucket(), "memory");
}

function bound(bucket: R2Like, name: string, prefix?: string): Store {
  const fetch = bucketFetch(bucket, name);
  return { options: defined({ endpoint: "https://bucket.invalid", pathStyle: true, bucket: name, prefix, fetch }) };
}

/** Without what is undefined. */
export function defined(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
