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

interface Instantiated {
  exports: Record<string, unknown>;
}

type Instantiate = (module: WebAssembly.Module, imports: WebAssembly.Imports) => Promise<Instantiated>;

/** What wasm-bindgen generates: each call makes an instance with a state of its own. */
export type Glue = (instantiate: Instantiate, module: WebAssembly.Module) => Promise<Raw>;

/** Where the compiled module comes from: each runtime has its own way. */
export type Load = () => WebAssembly.Module | Promise<WebAssembly.Module>;

/** One life of the module, until something goes wrong inside of it that must not: then nothing of it is used again. */
export class Instance {
  raw!: Raw;
  #dead: DataShardError | undefined;
  readonly #waiting = new Set<(error: DataShardError) => void>();

  private constructor() {}

  static async start(glue: Glue, module: WebAssembly.Module): Promise<Instance> {
    const started = new Instance();
    started.raw = await glue(async (module, imports) => {
      const { exports } = await WebAssembly.instantiate(module, imports);
      return { exports: started.#guard(exports) };
    }, module);
    return started;
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
  #instance: Promise<Instance> | undefined;

  constructor(glue: Glue, load: Load) {
    this.#glue = glue;
    this.#load = load;
  }

  async instance(): Promise<Instance> {
    const current = (this.#instance ??= this.#start());
    const instance = await current;
    if (instance.isAlive) return instance;
    if (this.#instance === current) this.#instance = undefined;
    return this.instance();
  }

  async #start(): Promise<Instance> {
    try {
      this.#module ??= Promise.resolve().then(this.#load);
      return await Instance.start(this.#glue, await this.#module);
    } catch (cause) {
      this.#module = this.#instance = undefined;
      throw new DataShardError("unavailable", `the WebAssembly module cannot be loaded: ${String(cause)}`, { cause });
    }
  }
}
