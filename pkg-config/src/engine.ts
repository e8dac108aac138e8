import { DataShardError } from "./error.js";

type Class = new (...given: never[]) => object;

/** The classes of the module. */
export interface Raw {
  Warehouse: Class & { s3(...given: unknown[]): object };
  Table: Class;
  ScanStream: Class;
  ScanPlan: Class;
  Tail: Class;
}

/** What wasm-bindgen generates, with a `WebAssembly` of ours: each call makes an instance with a state of its own. */
export type Glue = (assembly: { Module: unknown; Instance: unknown }, module: WebAssembly.Module) => Raw;

/** Where the compiled module comes from: each runtime has its own way. */
export type Load = () => WebAssembly.Module | Promise<WebAssembly.Module>;

/** One life of the module, until something goes wrong inside of it that must not: then nothing of it is used again. */
export class Instance {
  readonly raw: Raw;
  #dead: DataShardError | undefined;
  readonly #waiting = new Set<(error: DataShardError) => void>();

  constructor(glue: Glue, module: WebAssembly.Module) {
    const guarded = (source: WebAssembly.Module, imports: WebAssembly.Imports) =>
      this.#guard(new WebAssembly.Instance(source, imports).exports);
    const Guarded = class {
      readonly exports: Record<string, unknown>;
      constructor(source: WebAssembly.Module, imports: WebAssembly.Imports) {
        this.exports = guarded(source, imports);
      }
    };
    this.raw = glue({ Module: WebAssembly.Module, Instance: Guarded }, module);
  }

  get isAlive(): boolean {
    return this.#dead === undefined;
  }

  /** What the module throws on purpose is thrown after it has returned: what passes through it leaves it broken. */
  #guard(exports: WebAssembly.Exports): Record<string, unknown> {
    const guarded: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(exports)) {
      guarded[name] = typeof value === "function" ? this.#call(name, value as (...given: unknown[]) => unknown) : value;
    }
    return guarded;
  }

  #call(name: string, call: (...given: unknown[]) => unknown) {
    // The host calls these when a promise or a timer is done, and there is nobody to catch anything.
    const isCallback = name.startsWith("wasm_bindgen__") || name.startsWith("__wbindgen_destroy") || name.endsWith("_free");
    return (...given: unknown[]) => {
      if (this.#dead) {
        if (isCallback) return [0, 0];
        throw this.#dead;
      }
      try {
        return call(...given);
      } catch (thrown) {
        const dead = this.#die(thrown);
        if (isCallback) return [0, 0];
        throw dead;
      }
    };
  }

  #die(thrown: unknown): DataShardError {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const dead = new DataShardError(
      "internal",
      `a fault inside of datashard, which has been started anew (what was under way may or may not be committed): ${why}`,
      { cause: thrown },
    );
    this.#dead = dead;
    for (const fail of this.#waiting) fail(dead);
    this.#waiting.clear();
    return dead;
  }

  /** What the module promises; it keeps no promise once it is dead. */
  async settle<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#dead) throw this.#dead;
    let fail!: (error: DataShardError) => void;
    const died = new Promise<never>((_, reject) => (fail = reject));
    this.#waiting.add(fail);
    try {
      return await Promise.race([begin(), died]);
    } catch (thrown) {
      throw DataShardError.of(thrown);
    } finally {
      this.#waiting.delete(fail);
    }
  }

  /** The same for what is done at once. */
  do<T>(work: () => T): T {
    if (this.#dead) throw this.#dead;
    try {
      return work();
    } catch (thrown) {
      throw DataShardError.of(thrown);
    }
  }
}

/** Compiles the module when it is first needed, and starts it anew when it has died. */
export class Engine {
  readonly #glue: Glue;
  readonly #load: Load;
  #module: Promise<WebAssembly.Module> | undefined;
  #instance: Instance | undefined;

  constructor(glue: Glue, load: Load) {
    this.#glue = glue;
    this.#load = load;
  }

  async instance(): Promise<Instance> {
    this.#module ??= Promise.resolve().then(this.#load);
    let module: WebAssembly.Module;
    try {
      module = await this.#module;
    } catch (cause) {
      this.#module = undefined;
      throw new DataShardError("unavailable", `the WebAssembly module cannot be loaded: ${String(cause)}`, { cause });
    }
    if (!this.#instance?.isAlive) this.#instance = new Instance(this.#glue, module);
    return this.#instance;
  }
}
