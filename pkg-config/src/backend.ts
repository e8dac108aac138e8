import type { Engine, Instance, Raw } from "./engine.js";
import { DataShardError } from "./error.js";

/** An object of the module, such as an open table. */
export interface Handle {
  readonly id: number;
}

/** A method of an object, or of the module: `[undefined, "warehouse", options]`. */
export interface Call {
  readonly on: Handle | undefined;
  readonly method: string;
  readonly given: readonly unknown[];
}

/** Where the module runs: here, or in a worker. */
export interface Backend {
  /** What the method returns. An object of the module comes as its {@link Handle}. */
  call(call: Call, signal?: AbortSignal): Promise<unknown>;
  /** The object is not needed any more. */
  release(handle: Handle): void;
}

/** The object was one of an instance of the module that is dead. */
export class Stale extends DataShardError {
  constructor() {
    super("internal", "datashard has been started anew after a fault inside of it, and does not know this any more: begin again");
  }
}

type Method = (...given: unknown[]) => unknown;

/** The module in this thread. */
export class LocalBackend implements Backend {
  readonly #engine: Engine;
  readonly #objects = new Map<number, { instance: Instance; object: Record<string, Method> }>();
  #last = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async call({ on, method, given }: Call, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (on === undefined) {
      const instance = await this.#engine.instance();
      return this.#keep(instance, instance.do(() => instance.raw.Warehouse.s3(...given)));
    }
    const { instance, object } = this.#objects.get(on.id) ?? {};
    if (!instance?.isAlive || !object) throw new Stale();
    const call = object[method];
    if (!call) {
      throw new DataShardError("unsupported", `this build only reads, and has no \`${method}\`: import "datashard"`);
    }
    const result = await instance.settle(async () => call.apply(object, signal ? [...given, signal] : [...given]));
    return this.#keep(instance, result);
  }

  release({ id }: Handle): void {
    const { instance, object } = this.#objects.get(id) ?? {};
    this.#objects.delete(id);
    if (instance?.isAlive) object?.["free"]?.();
  }

  #keep(instance: Instance, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#keep(instance, item));
    const { Warehouse, Table, ScanStream, ScanPlan, Tail }: Raw = instance.raw;
    if (![Warehouse, Table, ScanStream, ScanPlan, Tail].some((kind) => value instanceof kind)) return value;
    const id = ++this.#last;
    this.#objects.set(id, { instance, object: value as Record<string, Method> });
    return { id } satisfies Handle;
  }
}

/** Releases what nobody holds any more. */
const unheld =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<() => void>((release) => release());

/** Releases an object of the module when nobody holds `owner` any more. */
export function releaseWith(owner: object, backend: Backend, handle: Handle): void {
  unheld?.register(owner, () => backend.release(handle), owner);
}

/** An object of the module that is made again when the module had to be started anew. */
export class Lasting {
  readonly backend: Backend;
  readonly #make: () => Promise<Handle>;
  #handle: Promise<Handle> | undefined;

  constructor(backend: Backend, make: () => Promise<Handle>, handle?: Handle) {
    this.backend = backend;
    this.#make = make;
    if (handle) this.#handle = this.#hold(Promise.resolve(handle));
  }

  async call(method: string, given: readonly unknown[] = [], signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const held = (this.#handle ??= this.#hold(this.#make()));
    const forget = () => {
      if (this.#handle === held) this.#handle = undefined;
    };
    const on = await held.catch((thrown: unknown) => {
      forget();
      throw thrown;
    });
    try {
      return await this.backend.call({ on, method, given }, signal);
    } catch (thrown) {
      if (!(thrown instanceof Stale)) throw thrown;
      forget();
      return this.call(method, given, signal);
    }
  }

  async release(): Promise<void> {
    const handle = await this.#handle?.catch(() => undefined);
    this.#handle = undefined;
    unheld?.unregister(this);
    if (handle) this.backend.release(handle);
  }

  /** Nothing that is registered may hold this object itself. */
  #hold(making: Promise<Handle>): Promise<Handle> {
    const { backend } = this;
    return making.then((handle) => {
      releaseWith(this, backend, handle);
      return handle;
    });
  }
}
