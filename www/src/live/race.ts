import { signal } from "@preact/signals";
import { DataShardError, memory, Thread, Warehouse, type Fetch, type Store, type Table, type TableSchema } from "datashard/worker";
import { kindOf, versionOf, type Drawn, type End } from "./requests.js";
import { random, type Settings } from "./settings.js";

const NAME = "race";
const SCHEMA: TableSchema = { fields: [{ name: "writer", type: "int", required: true }, { name: "append", type: "int", required: true }, { name: "row", type: "int", required: true }] };

/** What reading the table says of all that was appended. */
export interface Verdict {
  appends: number;
  rows: number;
  version: number;
  missing: number;
  twice: number;
  foreign: number;
}

export type Phase = "ready" | "starting" | "running" | "stopping" | "checking" | "over";

/**
 * Writers that append to one table at once: each is the library in a worker of its own. The bucket is in this page, and
 * takes conditional puts as S3 does; between it and them requests take their time, and some go wrong.
 */
export class Race {
  readonly settings: Settings;
  readonly phase = signal<Phase>("ready");
  readonly requests = signal<readonly Drawn[]>([]);
  readonly counts = signal({ commits: 0, rows: 0, conflicts: 0, settled: 0 });
  readonly verdict = signal<Verdict | undefined>(undefined);
  readonly error = signal<unknown>(undefined);
  readonly #store: Store = memory();
  readonly #threads: Thread[] = [];
  /** What was acknowledged, by its writer and number, with how many rows. */
  readonly #acknowledged = new Map<string, number>();
  /** All so far; what is drawn follows in steps. */
  readonly #all: Drawn[] = [];
  #began = 0;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Milliseconds since the writers began, or until the last of them had ended. */
  get now(): number {
    if (this.phase.value === "over") return this.requests.value.reduce((last, { start, end }) => Math.max(last, end ?? start), 0);
    return this.#elapsed();
  }

  #elapsed(): number {
    return this.#began === 0 ? 0 : performance.now() - this.#began;
  }

  async run(): Promise<void> {
    const { writers, seed } = this.settings;
    this.phase.value = "starting";
    let clock: ReturnType<typeof setInterval> | undefined;
    try {
      await new Warehouse(this.#store).create(NAME, SCHEMA);
      // All begin at once.
      const tables = await Promise.all(Array.from({ length: writers }, (_, writer) => this.#open(writer)));
      if (this.phase.peek() !== "starting") return;
      this.#began = performance.now();
      this.phase.value = "running";
      clock = setInterval(() => this.#draw(), matchMedia("(prefers-reduced-motion: reduce)").matches ? 1_000 : 80);
      await Promise.all(tables.map((table, writer) => this.#write(table, writer, random(seed * 1_000 + writer + 500))));
      this.phase.value = "checking";
      this.verdict.value = await this.#verify();
    } catch (error) {
      this.error.value = error;
    } finally {
      clearInterval(clock);
      this.#draw();
      this.end();
    }
  }

  /** Shows what has happened since the last time. */
  #draw(): void {
    this.requests.value = [...this.#all];
  }

  /** Lets appends that are under way come to their end. */
  stop(): void {
    if (this.phase.peek() === "running") this.phase.value = "stopping";
  }

  /** Ends the workers. */
  end(): void {
    this.phase.value = "over";
    for (const thread of this.#threads) thread.terminate();
  }

  async #open(writer: number): Promise<Table> {
    const thread = new Thread();
    this.#threads.push(thread);
    const fetch = this.#between(writer, random(this.settings.seed * 1_000 + writer));
    const store: Store = { options: { ...this.#store.options, fetch } };
    return new Warehouse(store, thread).open(NAME);
  }

  async #write(table: Table, writer: number, next: () => number): Promise<void> {
    for (let append = 0; append < this.settings.appends && this.phase.peek() === "running"; append++) {
      const rows = Array.from({ length: 1 + Math.floor(next() * 5) }, (_, row) => ({ writer, append, row }));
      await this.#append(table, rows);
      this.#acknowledged.set(`${writer} ${append}`, rows.length);
      const { commits, rows: before, ...rest } = this.counts.peek();
      this.counts.value = { ...rest, commits: commits + 1, rows: before + rows.length };
    }
  }

  /** As a program would: what the library says is not committed is tried again, and what is not known is settled first. */
  async #append(table: Table, rows: { writer: number; append: number; row: number }[]): Promise<void> {
    for (;;) {
      try {
        const { conflicts } = await table.append(rows);
        if (conflicts > 0) this.counts.value = { ...this.counts.peek(), conflicts: this.counts.peek().conflicts + conflicts };
        return;
      } catch (error) {
        if (!(error instanceof DataShardError)) throw error;
        if (error.code === "commit-state-unknown") {
          this.counts.value = { ...this.counts.peek(), settled: this.counts.peek().settled + 1 };
          if (await this.#settle(table, error.token!)) return;
        } else if (error.code !== "conflict" && error.code !== "unavailable") throw error;
      }
    }
  }

  async #settle(table: Table, token: string): Promise<boolean> {
    for (;;) {
      try {
        return (await table.resolve(token)).committed;
      } catch (error) {
        if (!(error instanceof DataShardError) || !["commit-state-unknown", "unavailable"].includes(error.code)) throw error;
      }
    }
  }

  /** The way between a writer and the bucket. */
  #between(writer: number, next: () => number): Fetch {
    const bucket = this.#store.options["fetch"] as Fetch;
    const ends = new Map<number, End>();
    return async (url, init) => {
      const method = init.method ?? "GET";
      const path = decodeURIComponent(new URL(url).pathname);
      const version = versionOf(path);
      // Nothing of what comes before the race is drawn, and it takes no time.
      if (this.#began === 0) {
        const answer = await bucket(url, init);
        if (version !== undefined && answer.ok) ends.set(version, "fine");
        return answer;
      }
      const { latency, lost, refused, slow } = this.settings;
      const [isSlow, isLost, isRefused] = [next() * 100 < slow, next() * 100 < lost, next() * 100 < refused];
      const way = latency * (0.5 + next()) * (isSlow ? 10 : 1);
      const drawn = this.#begin({ writer, method, path, version, isSlow, kind: kindOf(method, path, version === undefined ? undefined : ends.get(version)) });
      const end = (status: End) => {
        if (drawn.kind === "version" && version !== undefined) ends.set(version, status);
        Object.assign(drawn, { status, end: this.#elapsed() });
      };
      await sleep(way / 2);
      if (isRefused) {
        await sleep(way / 2);
        end("refused");
        return new Response("<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>", { status: 503 });
      }
      const answer = await bucket(url, init);
      await sleep(way / 2);
      if (isLost) {
        end("lost");
        throw new TypeError("the answer was lost");
      }
      end(answer.status === 412 ? "conflict" : answer.status === 404 ? "missing" : "fine");
      return answer;
    };
  }

  #begin(of: Pick<Drawn, "writer" | "method" | "path" | "version" | "isSlow" | "kind">): Drawn {
    const busy = this.#all.filter((one) => one.writer === of.writer && one.end === undefined).map(({ track }) => track);
    const track = [0, 1, 2, 3].find((track) => !busy.includes(track)) ?? 3;
    const drawn: Drawn = { ...of, id: this.#all.length, start: this.#elapsed(), end: undefined, status: "open", track };
    this.#all.push(drawn);
    return drawn;
  }

  /** Reads the table as somebody who was not there, and counts. */
  async #verify(): Promise<Verdict> {
    const table = await new Warehouse(this.#store).open(NAME);
    const seen = new Map<string, number>();
    let rows = 0;
    for await (const { writer, append, row } of table.scan<{ writer: number; append: number; row: number }>().rows()) {
      rows += 1;
      const key = `${writer} ${append} ${row}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    let missing = 0;
    const wanted = new Set<string>();
    for (const [key, count] of this.#acknowledged) {
      for (let row = 0; row < count; row++) {
        wanted.add(`${key} ${row}`);
        if (!seen.has(`${key} ${row}`)) missing += 1;
      }
    }
    const twice = [...seen.values()].filter((times) => times > 1).length;
    const foreign = [...seen.keys()].filter((key) => !wanted.has(key)).length;
    return { appends: this.#acknowledged.size, rows, version: await table.version(), missing, twice, foreign };
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
