import { AppError, type Reason, toAppError } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import type { Provider } from "../protocol/provider.ts";
import type { Answer } from "./connection.ts";
import type { HostEndReason, RunOutcome } from "./events.ts";
import { HostLives } from "./generations.ts";
import { assertHostOptions, defaultHostLimits } from "./limits.ts";
import { type HostLife, loadInto, toModelKey } from "./process.ts";
import type {
  HostDescription,
  HostLimits,
  HostMemory,
  HostOptions,
  InferenceHost,
  LoadReport,
  MatteResult,
  RunOptions,
  Tile,
  TileResult,
  UnloadReport,
} from "./types.ts";
import { waitFor } from "./wait-for.ts";

/**
 * Starts an inference host and waits until a provider is proven. INFERENCE_FAILED where none of the list can be;
 * INVALID_ARGUMENT for thread counts below 1 or an empty list.
 */
export async function startInferenceHost(options: HostOptions): Promise<InferenceHost> {
  assertHostOptions(options);
  const host = new SupervisedHost(options);
  await host.start();
  return host;
}

/** What may go better on a fresh process, and how it counts. */
const repeatable: Readonly<Partial<Record<Reason, RunOutcome>>> = {
  INFERENCE_FAILED: "failed",
  RESULT_INVALID: "invalid",
};

class SupervisedHost implements InferenceHost {
  readonly id: string;
  readonly #options: HostOptions;
  readonly #limits: HostLimits;
  readonly #lives: HostLives;

  constructor(options: HostOptions) {
    this.id = options.id;
    this.#options = options;
    this.#limits = { ...defaultHostLimits, ...options.limits };
    this.#lives = new HostLives(options, this.#limits);
  }

  get provider(): Provider {
    return this.#lives.provider;
  }

  async start(): Promise<void> {
    await this.#lives.live();
  }

  async load(model: AvailableModel, options: { pin?: boolean; signal?: AbortSignal } = {}): Promise<LoadReport> {
    const life = await this.#lives.live(options.signal);
    const wasLoaded = life.residents.has(toModelKey(model));
    const resident = this.#loadInto(life, model);
    if (options.pin) resident.pinned = true;
    return { ...(await waitFor(resident.loading, options.signal)), wasLoaded };
  }

  async unload(name: string): Promise<UnloadReport> {
    const life = this.#lives.current;
    const before = (await this.memory()).anonymousBytes;
    const keys = [...(life?.residents ?? [])].filter(([, { model }]) => model.name === name).map(([key]) => key);
    if (!life?.link.usable || keys.length === 0) {
      return { wasLoaded: false, memoryBeforeBytes: before, memoryAfterBytes: before };
    }
    for (const key of keys) {
      life.residents.delete(key);
      await life.link.ask<"unloaded">({ type: "unload", key }, { timeoutMs: this.#limits.runTimeoutMs });
    }
    // Only the end of a process gives all of its memory back.
    if (life.residents.size === 0) await this.#lives.retire("unloaded");
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
    this.#lives.renewGrant(slotId, validMs);
  }

  endGrant(slotId: string): void {
    this.#lives.endGrant(slotId);
  }

  async memory(): Promise<HostMemory> {
    return this.#lives.memory();
  }

  async describe(): Promise<HostDescription> {
    const life = this.#lives.current?.link.alive ? this.#lives.current : null;
    const residents = [...(life?.residents.values() ?? [])];
    return {
      hostId: this.id,
      provider: life?.provider ?? null,
      pid: life?.link.pid ?? null,
      usedBytes: (await this.memory()).anonymousBytes,
      busy: this.#lives.isBusy,
      models: residents.flatMap(({ model, report, pinned, lastUsedUnixMs }) => {
        if (report === null) return [];
        const residentBytes = Math.max(0, report.memoryAfterBytes - report.memoryBeforeBytes);
        const { name, digest } = model;
        return [{ name, digest, provider: report.provider, residentBytes, pinned, lastUsedUnixMs }];
      }),
    };
  }

  async close(why: HostEndReason = "closed"): Promise<void> {
    await this.#lives.close(why);
  }

  /** Runs, and once more on a fresh process where the first one failed or its answer cannot be right. */
  async #run(
    model: AvailableModel,
    task: AvailableModel["task"],
    tile: Tile,
    options: RunOptions,
  ): Promise<Answer<"result">> {
    if (model.task !== task) throw new AppError("INVALID_ARGUMENT", `\`${model.name}\` is no model for ${task}`);
    for (let isRepeated = false; ; isRepeated = true) {
      let life: HostLife | undefined;
      const beganMs = performance.now();
      const observe = (outcome: RunOutcome) =>
        this.#options.observe?.({ type: "ran", model: model.name, outcome, ms: performance.now() - beganMs });
      try {
        life = await this.#liveWith(model, options.signal);
        const answer = await this.#runOnce(life, model, tile, options);
        observe("ok");
        return answer;
      } catch (error) {
        const { reason, message } = toAppError(error);
        const outcome = repeatable[reason];
        if (reason === "OUT_OF_MEMORY") {
          observe("out_of_memory");
          // Its memory is wanted back now, not when the next run comes.
          if (life) this.#lives.poison(life);
        }
        if (outcome === undefined) throw error;
        observe(outcome);
        if (life) this.#lives.poison(life);
        if (isRepeated || options.repeat === false || options.signal?.aborted) throw error;
        const { id, log } = this.#options;
        log.warn(
          { host: id, pid: life?.link.pid, model: model.name, reason, message },
          "run is repeated on a fresh host",
        );
        this.#options.observe?.({ type: "repeated", reason });
      }
    }
  }

  async #runOnce(
    life: HostLife,
    model: AvailableModel,
    { widthPx, heightPx, channels, data }: Tile,
    { slotId, signal, into }: RunOptions,
  ): Promise<Answer<"result">> {
    if (life.link.pending >= this.#limits.maxPending) {
      throw new AppError("QUEUE_FULL", `${life.link.pending} runs wait for inference already`, { retryAfterMs: 1_000 });
    }
    const key = toModelKey(model);
    const answer = await life.link.ask<"result">(
      { type: "run", key, widthPx, heightPx, channels, slotId: slotId ?? null },
      { payload: data, timeoutMs: this.#limits.runTimeoutMs, signal, into },
    );
    const resident = life.residents.get(key);
    if (resident) resident.lastUsedUnixMs = Date.now();
    this.#lives.noteRun(life).catch(() => this.#lives.poison(life));
    return answer;
  }

  /** A process that holds the model. What was loaded may have been unloaded, or its process lost, while others waited. */
  async #liveWith(model: AvailableModel, signal: AbortSignal | undefined): Promise<HostLife> {
    for (;;) {
      const life = await this.#lives.live(signal);
      await waitFor(this.#loadInto(life, model).loading, signal);
      if (life.link.usable && life.residents.has(toModelKey(model))) return life;
    }
  }

  #loadInto(life: HostLife, model: AvailableModel) {
    return loadInto(life, model, { limits: this.#limits, observe: this.#options.observe });
  }
}
