import type { R2BodyLike, R2Like, R2ObjectLike, R2PartLike, R2UploadLike } from "./r2.js";

interface Stored {
  bytes: Uint8Array;
  httpEtag: string;
  uploaded: Date;
}

/** A bucket in memory. */
export class MemoryBucket implements R2Like {
  readonly #objects = new Map<string, Stored>();
  readonly #uploads = new Map<string, Map<number, Uint8Array>>();
  #count = 0;

  async get(key: string, options?: { range?: { offset: number; length: number } }): Promise<R2BodyLike | null> {
    const stored = this.#objects.get(key);
    if (!stored) return null;
    const { offset, length } = options?.range ?? { offset: 0, length: stored.bytes.length };
    if (offset > 0 && offset >= stored.bytes.length) throw new RangeError("the range lies outside of the object");
    const bytes = stored.bytes.slice(offset, offset + length);
    return { ...about(key, stored), arrayBuffer: async () => bytes.buffer };
  }

  async head(key: string): Promise<R2ObjectLike | null> {
    const stored = this.#objects.get(key);
    return stored ? about(key, stored) : null;
  }

  async put(
    key: string,
    value: Uint8Array,
    options?: { onlyIf?: { etagDoesNotMatch?: string; etagMatches?: string } },
  ): Promise<R2ObjectLike | null> {
    const { etagDoesNotMatch, etagMatches } = options?.onlyIf ?? {};
    const there = this.#objects.get(key);
    if (etagDoesNotMatch === "*" && there) return null;
    if (etagMatches !== undefined && there?.httpEtag !== `"${etagMatches}"`) return null;
    const stored = { bytes: value.slice(), httpEtag: `"${++this.#count}"`, uploaded: new Date() };
    this.#objects.set(key, stored);
    return about(key, stored);
  }

  async delete(keys: string | string[]): Promise<void> {
    for (const key of [keys].flat()) this.#objects.delete(key);
  }

  async list({ prefix, startAfter, cursor }: { prefix: string; startAfter?: string; cursor?: string }) {
    const after = cursor ?? startAfter ?? "";
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix) && byBytes(key, after) > 0);
    found.sort(([a], [b]) => byBytes(a, b));
    const objects = found.slice(0, 1000).map(([key, stored]) => about(key, stored));
    const last = objects.at(-1)?.key;
    const truncated = found.length > objects.length;
    return { objects, truncated, ...(truncated && last !== undefined && { cursor: last }) };
  }

  async createMultipartUpload(key: string): Promise<R2UploadLike> {
    const id = String(++this.#count);
    this.#uploads.set(id, new Map());
    return this.resumeMultipartUpload(key, id);
  }

  resumeMultipartUpload(key: string, uploadId: string): R2UploadLike {
    const parts = () => {
      const parts = this.#uploads.get(uploadId);
      if (!parts) throw new Error("there is no such upload");
      return parts;
    };
    return {
      uploadId,
      uploadPart: async (partNumber, value): Promise<R2PartLike> => {
        parts().set(partNumber, value.slice());
        return { partNumber, etag: String(partNumber) };
      },
      complete: async (wanted) => {
        const all = wanted.map(({ partNumber }) => parts().get(partNumber) ?? new Uint8Array());
        const bytes = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
        let at = 0;
        for (const part of all) {
          bytes.set(part, at);
          at += part.length;
        }
        this.#uploads.delete(uploadId);
        return (await this.put(key, bytes)) as R2ObjectLike;
      },
      abort: async () => void this.#uploads.delete(uploadId),
    };
  }
}

function about(key: string, { bytes, httpEtag, uploaded }: Stored): R2ObjectLike {
  return { key, size: bytes.length, httpEtag, uploaded };
}

/** As S3 orders keys: by the bytes of UTF-8, which is the order of code points. */
function byBytes(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const by = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (by !== 0) return by;
  }
  return left.length - right.length;
}
