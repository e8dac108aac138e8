/** What kind of thing went wrong, and so what to do about it. */
export type ErrorCode =
  | "not-found"
  | "already-exists"
  /** What was asked for makes no sense: the message says why. */
  | "invalid-input"
  /** What lies in the bucket is not as the specification wants it. */
  | "invalid-data"
  | "unsupported"
  | "permission-denied"
  /** Other writers were faster until patience ran out. Nothing was committed: try again. */
  | "conflict"
  /** The bucket cannot be reached, or does not answer. Nothing was committed: try again. */
  | "unavailable"
  /** The commit may have happened or not: ask `table.resolve(error.token)`. */
  | "commit-state-unknown"
  /** A fault of this library. It has been started anew; what was under way may or may not be committed. */
  | "internal";

const CODES: ReadonlySet<string> = new Set([
  "not-found",
  "already-exists",
  "invalid-input",
  "invalid-data",
  "unsupported",
  "permission-denied",
  "conflict",
  "unavailable",
  "commit-state-unknown",
  "internal",
] satisfies ErrorCode[]);

/** Everything that this library throws, but the reason of an `AbortSignal`. */
export class DataShardError extends Error {
  override readonly name = "DataShardError";
  readonly code: ErrorCode;
  /** Of `commit-state-unknown`: what `table.resolve` takes. */
  readonly token: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; token?: string | undefined } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.token = options.token;
  }

  /** The same as an error of this class, if it is one of the module's; anything else as it is. */
  static of(thrown: unknown): unknown {
    if (thrown instanceof DataShardError || !(thrown instanceof Error) || thrown.name !== "DataShardError") return thrown;
    const { code, token } = thrown as { code?: unknown; token?: unknown };
    if (typeof code !== "string" || !CODES.has(code)) return thrown;
    const text = typeof token === "string" ? token : undefined;
    return new DataShardError(code as ErrorCode, thrown.message, { token: text });
  }
}
