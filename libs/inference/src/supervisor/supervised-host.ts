import { AppError, expected, type Reason, toAppError } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import type { Provider } from "../protocol/provider.ts";
import type { ResponseOf } from "./connection.ts";
import type { HostEndReason, RunOutcome } from "./events.ts";
import { type Generation, type HostedModel, loadInto } from "./generation.ts";
import { Generations } from "./generations.ts";
import { createGrantTable, type GrantTable } from "./grant-table.ts";
import type {
  HostDescription,
  HostMemory,
  HostOptions,
  InferenceHost,
  LoadedModelReport,
  LoadReport,
  UnloadReport,
} from "./inference-host.ts";
import { defaultHostLimits, type HostLimits } from "./limits.ts";
import { toModelKey } from "./model-key.ts";
import type { MatteResult, RunOptions, Tile, TileResult } from "./tile.ts";
import { waitFor } from "./wait-for.ts";

/**
 * Starts an inference host and waits until a provider is proven. Rejects with INFERENCE_FAILED if no provider of the list can
 * be proven, and with INVALID_ARGUMENT for thread counts below 1 or an empty list. `grants` is the table of a pool.
 */
export async function startInferenceHost(
  options: HostOptions,
  grants: GrantTable = createGrantTable(),
): Promise<InferenceHost> {
  assertHostOptions(options);
  const host = new SupervisedHost(options, grants);
  await host.start();
  return host;
}

function assertHostOptions({ providers, threads }: HostOptions): void {
  if (providers.length === 0) throw expected("providers", "at least one of tensorrt, cuda, webgpu, cpu", "");
  for (const [name, count] of Object.entries(threads)) {
    if (!Number.isInteger(count) || count < 1) throw expected(`threads.${name}`, "a positive integer", count);
  }
}

/** Failures that a fresh process may not have, and the outcome that each counts as. */
const retryable: Readonly<Partial<Record<Reason, RunOutcome>>> = {
  INFERENCE_FAILED: "failed",
  RESULT_INVALID: "invalid",
};

class SupervisedHost implements InferenceHost {
  readonly id: string;
  readonly #options: HostOptions;
  readonly #limits: HostLimits;
  readonly #grants: GrantTable;
  readonly #generations: Generations;

  constructor(options: HostOptions, grants: GrantTable) {
    this.id = options.id;
    this.#options = options;
    this.#limits = { ...defaultHostLimits, ...options.limits };
    this.#grants = grants;
    this.#generations = new Generations(options, this.#limits, grants);
  }

  get provider(): Provider {
    return this.#generations.provider;
  }

  async start(): Promise<void> {
    await this.#generations.usable();
  }

  async load(model: AvailableModel, options: { pin?: boolean; signal?: AbortSignal } = {}): Promise<LoadReport> {
    const generation = await this.#generations.usable(options.signal);
    const wasLoaded = generation.models.has(toModelKey(model));
    const hosted = this.#loadInto(generation, model);
    if (options.pin) hosted.pinned = true;
    return { ...(await waitFor(hosted.loading, options.signal)), wasLoaded };
  }

  async unload(name: string): Promise<UnloadReport> {
    const generation = this.#generations.current;
    const before = (await this.memory()).anonymousBytes;
    const keys = [...(generation?.models ?? [])].filter(([, { model }]) => model.name === name).map(([key]) => key);
    if (!generation?.connection.usable || keys.length === 0) {
      return { wasLoaded: false, memoryBeforeBytes: before, memoryAfterBytes: before };
    }
    for (const key of keys) {
      generation.models.delete(key);
      const timeout = { timeoutMs: this.#limits.runTimeoutMs };
      await generation.connection.request<"unloaded">({ type: "unload", key }, timeout);
    }
    // Only the end of a process releases all of its memory.
    if (generation.models.size === 0) await this.#generations.retire("unloaded");
    return { wasLoaded: true, memoryBeforeBytes: before, memoryAfterBytes: (await this.memory()).anonymousBytes };
  }

  async runTile(model: AvailableModel, tile: Tile, options: RunOptions = {}): Promise<TileResult> {
    const { widthPx, heightPx, runMs, payload } = await this.#run(model, "upscale", tile, options);
    return { widthPx, heightPx, channels: tile.channels, runMs, data: payload };
  }

  async runMatte(model: AvailableModel, tile: Tile, options: RunOptions = {}): Promise<MatteResult> {
    const { widthPx, heightPx, runMs, payload } = await this.#run(model, "matte", tile, options);
    return { widthPx, heightPx, runMs, data: new Float32Array(payload.buffer, payload.byteOffset, payload.length / 4) };
  }

  renewGrant(slotId: string, validMs: number): void {
    this.#grants.renew(slotId, validMs);
  }

  endGrant(slotId: string): void {
    this.#grants.end(slotId);
  }

  async memory(): Promise<HostMemory> {
    return this.#generations.memory();
  }

  async describe(): Promise<HostDescription> {
    const { current } = this.#generations;
    const generation = current?.connection.alive ? current : null;
    return {
      hostId: this.id,
      provider: generation?.provider ?? null,
      pid: generation?.connection.pid ?? null,
      usedBytes: (await this.memory()).anonymousBytes,
      busy: this.#generations.isBusy,
      models: [...(generation?.models.values() ?? [])].flatMap(toReport),
    };
  }

  async close(why: HostEndReason = "closed"): Promise<void> {
    await this.#generations.close(why);
  }

  /** Runs, and retries once on a fresh process if the first one failed or its result cannot be right. */
  async #run(
    model: AvailableModel,
    task: AvailableModel["task"],
    tile: Tile,
    options: RunOptions,
  ): Promise<ResponseOf<"result">> {
    if (model.task !== task) throw new AppError("INVALID_ARGUMENT", `\`${model.name}\` is no model for ${task}`);
    for (let isRetry = false; ; isRetry = true) {
      let generation: Generation | undefined;
      const beganMs = performance.now();
      const observe = (outcome: RunOutcome) =>
        this.#options.observe?.({ type: "ran", model: model.name, outcome, ms: performance.now() - beganMs });
      try {
        generation = await this.#generationWith(model, options.signal);
        const response = await this.#runOnce(generation, model, tile, options);
        observe("ok");
        return response;
      } catch (error) {
        const { reason, message } = toAppError(error);
        const outcome = reason === "OUT_OF_MEMORY" ? "out_of_memory" : retryable[reason];
        if (outcome === undefined) throw error;
        observe(outcome);
        // Also after OUT_OF_MEMORY: the process's memory is needed now, not at the next run.
        if (generation) this.#generations.poison(generation);
        const mayRetry = !isRetry && options.retry !== false && !options.signal?.aborted;
        if (outcome === "out_of_memory" || !mayRetry) throw error;
        const facts = { host: this.id, pid: generation?.connection.pid, model: model.name, reason, message };
        this.#options.log.warn(facts, "run is retried on a fresh host");
        this.#options.observe?.({ type: "retried", reason });
      }
    }
  }

  async #runOnce(
    generation: Generation,
    model: AvailableModel,
    { widthPx, heightPx, channels, data }: Tile,
    { slotId, signal, into }: RunOptions,
  ): Promise<ResponseOf<"result">> {
    const { connection } = generation;
    if (connection.pending >= this.#limits.maxPending) {
      throw new AppError("QUEUE_FULL", `${connection.pending} runs wait for inference already`, {
        retryAfterMs: 1_000,
      });
    }
    const key = toModelKey(model);
    const response = await connection.request<"result">(
      { type: "run", key, widthPx, heightPx, channels, slotId: slotId ?? null },
      { payload: data, timeoutMs: this.#limits.runTimeoutMs, signal, into },
    );
    const hosted = generation.models.get(key);
    if (hosted) hosted.lastUsedUnixMs = Date.now();
    this.#generations.recordRun(generation).catch(() => this.#generations.poison(generation));
    return response;
  }

  /** A generation with the model loaded. Repeats if the model was unloaded or the process died while this waited. */
  async #generationWith(model: AvailableModel, signal: AbortSignal | undefined): Promise<Generation> {
    for (;;) {
      const generation = await this.#generations.usable(signal);
      await waitFor(this.#loadInto(generation, model).loading, signal);
      if (generation.connection.usable && generation.models.has(toModelKey(model))) return generation;
    }
  }

  #loadInto(generation: Generation, model: AvailableModel): HostedModel {
    return loadInto(generation, model, { ...this.#options, limits: this.#limits });
  }
}

function toReport({ model, report, pinned, lastUsedUnixMs }: HostedModel): LoadedModelReport[] {
  if (report === null) return [];
  const residentBytes = Math.max(0, report.memoryAfterBytes - report.memoryBeforeBytes);
  const { name, digest } = model;
  return [{ name, digest, provider: report.provider, residentBytes, pinned, lastUsedUnixMs }];
}
