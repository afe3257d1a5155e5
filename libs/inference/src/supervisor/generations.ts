import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import type { Provider } from "../protocol/provider.ts";
import type { HostEndReason } from "./events.ts";
import { type Generation, type HostedModel, loadInto, readMemory, startGeneration } from "./generation.ts";
import type { GrantTable } from "./grant-table.ts";
import type { HostMemory, HostOptions } from "./inference-host.ts";
import type { HostLimits } from "./limits.ts";
import { waitFor } from "./wait-for.ts";

/**
 * The processes of one host, one after another. During a recycle there are two for a moment: the next one is prepared while
 * the last one still works.
 */
export class Generations {
  readonly #options: HostOptions;
  readonly #limits: HostLimits;
  readonly #grants: GrantTable;
  readonly #closing = new AbortController();
  /** Generations that were replaced and complete their last requests. */
  readonly #retiring = new Set<Generation>();
  #current: Generation | null = null;
  #starting: Promise<Generation> | null = null;
  #recycling: Promise<void> | null = null;
  #count = 0;
  #failures = 0;
  #provider: Provider = "cpu";

  constructor(options: HostOptions, limits: HostLimits, grants: GrantTable) {
    this.#options = options;
    this.#limits = limits;
    this.#grants = grants;
  }

  /** The generation that takes runs, or took the last ones. */
  get current(): Generation | null {
    return this.#current;
  }

  /** The provider proven last. */
  get provider(): Provider {
    return this.#provider;
  }

  get isBusy(): boolean {
    return this.#starting !== null || this.#alive().some(({ connection }) => connection.pending > 0);
  }

  /** A usable generation. Starts one if there is none; concurrent calls share one start. Rejects with STOPPING while closing. */
  async usable(signal?: AbortSignal): Promise<Generation> {
    this.#closing.signal.throwIfAborted();
    if (this.#starting === null && this.#current?.connection.usable) return this.#current;
    this.#starting ??= this.#replace().finally(() => {
      this.#starting = null;
    });
    return waitFor(this.#starting, signal);
  }

  /** Counts a successful run, and recycles the process after its number of runs or above its memory limit. */
  async recordRun(generation: Generation): Promise<void> {
    this.#failures = 0;
    generation.runs++;
    if (!generation.connection.usable || generation !== this.#current || this.#recycling) return;
    const { recycleAfterRuns, recycleAboveBytes, recycleMinAgeMs } = this.#limits;
    if (generation.runs < recycleAfterRuns) {
      // Not after every small tile, because memory grows slowly.
      if (generation.runs % 16 !== 1 || performance.now() - generation.startedMs < recycleMinAgeMs) return;
      if ((await readMemory(generation, this.#limits)).anonymousBytes <= recycleAboveBytes) return;
    }
    if (!generation.connection.usable || this.#recycling) return;
    this.#recycling ??= this.#recycle(generation).finally(() => {
      this.#recycling = null;
    });
    await this.#recycling;
  }

  /** Stops using a process that cannot be trusted any more. It completes its open requests and exits. */
  poison({ connection }: Generation): void {
    void connection.retire("poisoned", this.#limits.runTimeoutMs);
  }

  /** Ends the current process after its open requests; the next use starts another. */
  async retire(reason: HostEndReason): Promise<void> {
    await this.#current?.connection.retire(reason, this.#limits.closeGraceMs);
  }

  /** Memory of all processes. */
  async memory(): Promise<HostMemory> {
    const each = await Promise.all(this.#alive().map((generation) => readMemory(generation, this.#limits)));
    const sum = (of: keyof HostMemory) => each.reduce((total, memory) => total + memory[of], 0);
    return { anonymousBytes: sum("anonymousBytes"), residentBytes: sum("residentBytes") };
  }

  /** Ends all processes after their open requests, within the grace time. */
  async close(reason: HostEndReason): Promise<void> {
    this.#closing.abort(new AppError("STOPPING", "The inference host is closing"));
    await this.#starting?.catch(() => {});
    await this.#recycling;
    const { closeGraceMs } = this.#limits;
    await Promise.all(this.#alive().map(({ connection }) => connection.retire(reason, closeGraceMs)));
  }

  #alive(): Generation[] {
    const all = this.#current === null ? [...this.#retiring] : [this.#current, ...this.#retiring];
    return all.filter(({ connection }) => connection.alive);
  }

  async #replace(): Promise<Generation> {
    // A recycle that is under way may bring a usable one.
    await this.#recycling;
    const last = this.#current?.connection;
    if (this.#current && last?.usable) return this.#current;
    await last?.retire("poisoned", this.#limits.runTimeoutMs);
    if (last?.failed) this.#failures++;
    this.#current = null;
    await this.#backOff();
    try {
      const next = await this.#start();
      this.#current = next;
      return next;
    } catch (error) {
      this.#failures++;
      throw error;
    }
  }

  async #backOff(): Promise<void> {
    if (this.#failures === 0) return;
    const waitMs = Math.min(this.#limits.maxBackOffMs, 100 * 2 ** (this.#failures - 1));
    const { signal } = this.#closing;
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }

  async #start(): Promise<Generation> {
    this.#count++;
    const generation = await startGeneration(this.#options, this.#limits, this.#count);
    this.#grants.attach(generation.connection);
    this.#provider = generation.provider;
    return generation;
  }

  /** Replaces a process by a fresh one with the same models: before it ends if memory allows two, else after. */
  async #recycle(last: Generation): Promise<void> {
    const { id, log, hasFreeMemory } = this.#options;
    const { runTimeoutMs } = this.#limits;
    const heldBytes = (await readMemory(last, this.#limits)).anonymousBytes;
    const isReadyFirst = hasFreeMemory?.(heldBytes) ?? true;
    const facts = { host: id, pid: last.connection.pid, runs: last.runs, heldBytes, isReadyFirst };
    log.info(facts, "inference host is recycled");
    if (!isReadyFirst) return void last.connection.retire("recycled", runTimeoutMs);
    try {
      const next = await this.#start();
      await Promise.all([...last.models.values()].map((each) => this.#loadAgain(next, each)));
      this.#current = next;
      this.#retiring.add(last);
      void last.connection.ended.then(() => this.#retiring.delete(last));
      void last.connection.retire("recycled", runTimeoutMs);
    } catch (error) {
      log.warn({ host: id, err: error }, "inference host could not be recycled and stays in use");
      last.runs = 0;
    }
  }

  /** A failed load is ignored here: the next run that needs the model loads it again and reports the failure. */
  async #loadAgain(next: Generation, { model, pinned, lastUsedUnixMs }: HostedModel): Promise<void> {
    const hosted = loadInto(next, model, { ...this.#options, limits: this.#limits });
    hosted.pinned = pinned;
    hosted.lastUsedUnixMs = lastUsedUnixMs;
    await hosted.loading.catch(() => {});
  }
}
