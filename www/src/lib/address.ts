import { https, s3, type Credentials, type Fetch, type Store } from "datashard/worker";

/** Where a table is, without what is secret. */
export interface Place {
  /** `s3://bucket/table`, or `https://host/path/table`; or either of one of its metadata files. */
  address: string;
  /** Of S3, where it is not AWS. */
  endpoint: string;
  region: string;
}

/** A place as what the package takes. */
export interface Parsed {
  store: Store;
  /** The table's name, or the path of a metadata file. */
  table: string;
  isFile: boolean;
  bucket: string;
}

/** Throws an `Error` that says what is wrong with what was typed. */
export function parse(place: Place, credentials: Credentials | undefined, fetch: Fetch): Parsed {
  const address = place.address.trim().replace(/\/+$/, "");
  const s3Address = /^s3[an]?:\/\/([^/]+)\/(.+)$/.exec(address);
  if (s3Address) {
    const [, bucket, table] = s3Address as unknown as [string, string, string];
    const endpoint = place.endpoint.trim() || undefined;
    if (endpoint && !/^https?:\/\//.test(endpoint)) throw new Error("The endpoint begins with https:// (or http://).");
    const store = s3({ bucket, endpoint, region: place.region.trim() || undefined, credentials, fetch });
    return { store, table, bucket, isFile: isMetadata(table) };
  }
  if (/^s3[an]?:/.test(address)) throw new Error("An address on S3 is s3://bucket/table.");
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new Error("Give an address such as s3://bucket/table or https://host/path/table.");
  }
  if (!/^https?:$/.test(url.protocol)) throw new Error(`Tables cannot be read by ${url.protocol.slice(0, -1)}: give s3:// or https://.`);
  if (url.username || url.password || url.search) throw new Error("The address must hold no keys: there are fields for these.");
  const [bucket, ...rest] = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  if (!bucket || rest.length === 0) throw new Error("A table is in a folder of the server: https://host/path/table.");
  const table = rest.join("/");
  return { store: https(`${url.origin}/${encodeURIComponent(bucket)}`, { fetch }), table, bucket, isFile: isMetadata(table) };
}

/** Where the metadata of a table is, as a URL without a signature; nothing, if that is for the library to say. */
export function metadataFolder({ address, endpoint }: Place): string | undefined {
  const folder = address.trim().replace(/\/+$/, "");
  const [, rest] = /^s3[an]?:\/\/(.+)$/.exec(folder) ?? [];
  const base = rest === undefined ? folder : endpoint.trim() && `${endpoint.trim().replace(/\/+$/, "")}/${rest}`;
  return base && /^https?:\/\/[\w.:[\]-]+(\/[\w.~-]+)+$/.test(base) ? `${base}/metadata` : undefined;
}

function isMetadata(path: string): boolean {
  return /\.metadata\.json(\.gz)?$|\.gz\.metadata\.json$/.test(path);
}
