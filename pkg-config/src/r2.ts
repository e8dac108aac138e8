// S3's requests as calls of a bucket's binding, and its answers as S3's.

export interface R2ObjectLike {
  readonly key: string;
  readonly size: number;
  readonly httpEtag: string;
  readonly uploaded: Date;
}

export interface R2BodyLike extends R2ObjectLike {
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface R2PartLike {
  readonly partNumber: number;
  readonly etag: string;
}

export interface R2UploadLike {
  readonly uploadId: string;
  uploadPart(partNumber: number, value: Uint8Array): Promise<R2PartLike>;
  complete(parts: R2PartLike[]): Promise<R2ObjectLike>;
  abort(): Promise<void>;
}

/** What is used of Cloudflare's `R2Bucket`. */
export interface R2Like {
  get(key: string, options?: { range?: { offset: number; length: number } }): Promise<R2BodyLike | null>;
  head(key: string): Promise<R2ObjectLike | null>;
  put(
    key: string,
    value: Uint8Array,
    options?: { onlyIf?: { etagDoesNotMatch?: string; etagMatches?: string }; httpMetadata?: { contentType: string } },
  ): Promise<R2ObjectLike | null>;
  delete(keys: string | string[]): Promise<void>;
  list(options: {
    prefix: string;
    startAfter?: string;
    cursor?: string;
  }): Promise<{ objects: R2ObjectLike[]; truncated: boolean; cursor?: string }>;
  createMultipartUpload(key: string): Promise<R2UploadLike>;
  resumeMultipartUpload(key: string, uploadId: string): R2UploadLike;
}

/** A `fetch` that asks the bucket. What the binding throws leaves open whether it was carried out, as a broken connection does. */
export function bucketFetch(bucket: R2Like, name: string): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    init.signal?.throwIfAborted();
    const { pathname, searchParams: query } = new URL(url);
    const key = decodeURIComponent(pathname.slice(name.length + 2));
    const headers = new Headers(init.headers);
    const body = (init.body ?? new Uint8Array()) as Uint8Array;
    const upload = query.get("uploadId");
    switch (init.method) {
      case "GET":
        return key === "" ? list(bucket, query) : get(bucket, key, headers.get("range"));
      case "HEAD": {
        const object = await bucket.head(key);
        return object ? answer(200, null, { ...said(object), "content-length": String(object.size) }) : answer(404);
      }
      case "PUT":
        if (upload === null) return put(bucket, key, body, headers);
        const part = await bucket.resumeMultipartUpload(key, upload).uploadPart(Number(query.get("partNumber")), body);
        return answer(200, null, { etag: part.etag });
      case "DELETE":
        await (upload === null ? bucket.delete(key) : bucket.resumeMultipartUpload(key, upload).abort());
        return answer(204);
      case "POST":
        if (query.has("delete")) return remove(bucket, body);
        return upload === null ? begin(bucket, key) : complete(bucket, key, upload, body);
      default:
        return answer(405);
    }
  };
}

async function get(bucket: R2Like, key: string, range: string | null): Promise<Response> {
  const wanted = range?.match(/^bytes=(\d+)-(\d+)$/);
  if (!wanted) {
    const object = await bucket.get(key);
    return object ? answer(200, await object.arrayBuffer(), said(object)) : absent();
  }
  const offset = Number(wanted[1]);
  const object = await within(bucket, key, offset, Number(wanted[2]) - offset + 1);
  if (object === null) return absent();
  if (object === "outside") return answer(416, error("InvalidRange"));
  const bytes = await object.arrayBuffer();
  const last = offset + bytes.byteLength - 1;
  return answer(206, bytes, { ...said(object), "content-range": `bytes ${offset}-${last}/${object.size}` });
}

/** Past the end of an object, a binding throws. */
async function within(bucket: R2Like, key: string, offset: number, length: number) {
  try {
    return await bucket.get(key, { range: { offset, length } });
  } catch (thrown) {
    const object = await bucket.head(key);
    if (object === null) return null;
    if (offset >= object.size) return "outside";
    if (offset + length <= object.size) throw thrown;
    return bucket.get(key, { range: { offset, length: object.size - offset } });
  }
}

async function put(bucket: R2Like, key: string, body: Uint8Array, headers: Headers): Promise<Response> {
  const [absent, match] = [headers.get("if-none-match"), headers.get("if-match")];
  const contentType = headers.get("content-type");
  const object = await bucket.put(key, body, {
    ...(absent !== null && { onlyIf: { etagDoesNotMatch: absent } }),
    ...(match !== null && { onlyIf: { etagMatches: match.replace(/^"|"$/g, "") } }),
    ...(contentType !== null && { httpMetadata: { contentType } }),
  });
  return object ? answer(200, null, { etag: object.httpEtag }) : answer(412, error("PreconditionFailed"));
}

async function list(bucket: R2Like, query: URLSearchParams): Promise<Response> {
  const [prefix, startAfter, cursor] = ["prefix", "start-after", "continuation-token"].map((name) => query.get(name));
  const page = await bucket.list({
    prefix: prefix ?? "",
    ...(startAfter && { startAfter }),
    ...(cursor && { cursor }),
  });
  const contents = page.objects.map(
    ({ key, size, httpEtag, uploaded }) =>
      `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>${uploaded.toISOString()}</LastModified>` +
      `<ETag>${xml(httpEtag)}</ETag><Size>${size}</Size></Contents>`,
  );
  const next = page.truncated && page.cursor ? `<NextContinuationToken>${xml(page.cursor)}</NextContinuationToken>` : "";
  return answer(
    200,
    `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${page.truncated}</IsTruncated>${next}` +
      `${contents.join("")}</ListBucketResult>`,
  );
}

async function remove(bucket: R2Like, body: Uint8Array): Promise<Response> {
  const keys = [...text(body).matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => plain(key ?? ""));
  await bucket.delete(keys);
  return answer(200, "<DeleteResult/>");
}

async function begin(bucket: R2Like, key: string): Promise<Response> {
  const { uploadId } = await bucket.createMultipartUpload(key);
  const id = `<UploadId>${xml(uploadId)}</UploadId>`;
  return answer(200, `<InitiateMultipartUploadResult>${id}</InitiateMultipartUploadResult>`);
}

async function complete(bucket: R2Like, key: string, upload: string, body: Uint8Array): Promise<Response> {
  const found = text(body).matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g);
  const parts = [...found].map(([, number, etag]) => ({ partNumber: Number(number), etag: plain(etag ?? "") }));
  await bucket.resumeMultipartUpload(key, upload).complete(parts);
  return answer(200, "<CompleteMultipartUploadResult/>");
}

function said(object: R2ObjectLike): Record<string, string> {
  return { etag: object.httpEtag, "last-modified": object.uploaded.toUTCString() };
}

function answer(status: number, body: BodyInit | null = null, headers: Record<string, string> = {}): Response {
  return new Response(status === 204 ? null : body, { status, headers: { date: new Date().toUTCString(), ...headers } });
}

function absent(): Response {
  return answer(404, error("NoSuchKey"));
}

function error(code: string): string {
  return `<Error><Code>${code}</Code></Error>`;
}

function text(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

function xml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

function plain(text: string): string {
  const named = Object.entries(ENTITIES).map(([char, entity]) => [entity, char]);
  const chars = new Map(named as [string, string][]);
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|\w+);/gi, (entity, decimal, hex) =>
    decimal || hex ? String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16)) : (chars.get(entity) ?? entity),
  );
}
