import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import { type HostLife, loadInto, noMemory, readMemory, startHostLife, toModelKey } from "./host-life.ts";
import { assertHostOptions, defaultHostLimits } from "./host-limits.ts";
import type { Answer } from "./host-link.ts";
import { monotonicMs } from "./host-protocol.ts";
import type {
  HostDescription,
  HostLimits,
  HostMemory,
  HostOptions,
  InferenceHost,
  LoadReport,
  MatteResult,
  Provider,
  RunOptions,
  Tile,
  TileResult,
  UnloadReport,
} from "./host-types.ts";
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

class SupervisedHost implements InferenceHost {
  readonly id: string;
  readonly #options: HostOptions;
  readonly #limits: HostLimits;
  readonly #grants = new Map<string, number>();
  readonly #closing = new AbortController();
  #life: HostLife | null = null;
  #starting: Promise<HostLife> | null = null;
  #crashes = 0;
  #provider: Provider = "cpu";

  constructor(options: HostOptions) {
    this.id = options.id;
    this.#options = options;
    this.#limits = { ...defaultHostLimits, ...options.limits };
  }

  get provider(): Provider {
    return this.#provider;
  }

  async start(): Promise<void> {
    await this.#live(undefined);
  }

  async load(model: AvailableModel, options: { pin?: boolean; signal?: AbortSignal } = {}): Promise<LoadReport> {
    const life = await this.#live(options.signal);
    const wasLoaded = life.residents.has(toModelKey(model));
    const resident = loadInto(life, model, this.#limits);
    if (options.pin) resident.pinned = true;
    return { ...(await waitFor(resident.loading, options.signal)), wasLoaded };
  }

  async unload(name: string): Promise<UnloadReport> {
    const life = this.#life;
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
    if (life.residents.size === 0) await life.link.retire(this.#limits.closeGraceMs);
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
    const nowMs = monotonicMs();
    const validUntilMs = nowMs + validMs;
    for (const [each, endMs] of this.#grants) if (endMs <= nowMs) this.#grants.delete(each);
    this.#grants.set(slotId, validUntilMs);
    this.#life?.link.tell({ type: "grant", slotId, validUntilMs });
  }

  endGrant(slotId: string): void {
    this.#grants.delete(slotId);
    this.#life?.link.tell({ type: "endGrant", slotId });
  }

  async memory(): Promise<HostMemory> {
    return this.#life ? readMemory(this.#life, this.#limits) : noMemory;
  }

  async describe(): Promise<HostDescription> {
    const life = this.#life?.link.alive ? this.#life : null;
    const residents = [...(life?.residents.values() ?? [])];
    return {
      hostId: this.id,
      provider: life?.provider ?? null,
      pid: life?.link.pid ?? null,
      usedBytes: (await this.memory()).anonymousBytes,
      busy: this.#starting !== null || (life?.link.pending ?? 0) > 0,
      models: residents.flatMap(({ model, report, pinned, lastUsedUnixMs }) => {
        if (report === null) return [];
        const residentBytes = Math.max(0, report.memoryAfterBytes - report.memoryBeforeBytes);
        return {
          name: model.name,
          digest: model.digest,
          provider: report.provider,
          residentBytes,
          pinned,
          lastUsedUnixMs,
        };
      }),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(new AppError("STOPPING", "The inference host is closing"));
    await this.#starting?.catch(() => {});
    await this.#life?.link.retire(this.#limits.closeGraceMs);
  }

  async #run(
    model: AvailableModel,
    task: AvailableModel["task"],
    tile: Tile,
    options: RunOptions,
  ): Promise<Answer<"result">> {
    if (model.task !== task) throw new AppError("INVALID_ARGUMENT", `\`${model.name}\` is no model for ${task}`);
    const key = toModelKey(model);
    const life = await this.#liveWith(model, options.signal);
    if (life.link.pending >= this.#limits.maxPending) {
      throw new AppError("QUEUE_FULL", `${life.link.pending} runs wait for inference already`, { retryAfterMs: 1_000 });
    }
    const { widthPx, heightPx, channels, data } = tile;
    const answer = await life.link.ask<"result">(
      { type: "run", key, widthPx, heightPx, channels, slotId: options.slotId ?? null },
      { payload: data, timeoutMs: this.#limits.runTimeoutMs, signal: options.signal },
    );
    this.#crashes = 0;
    life.runs++;
    const resident = life.residents.get(key);
    if (resident) resident.lastUsedUnixMs = Date.now();
    void this.#recycle(life).catch(() => life.link.kill("its memory could not be read"));
    return answer;
  }

  /** A process that holds the model. What was loaded may have been unloaded, or its process lost, while others waited. */
  async #liveWith(model: AvailableModel, signal: AbortSignal | undefined): Promise<HostLife> {
    for (;;) {
      const life = await this.#live(signal);
      await waitFor(loadInto(life, model, this.#limits).loading, signal);
      if (life.link.usable && life.residents.has(toModelKey(model))) return life;
    }
  }

  /** A usable process: the one there is, or a fresh one, started once however many ask. */
  async #live(signal: AbortSignal | undefined): Promise<HostLife> {
    this.#closing.signal.throwIfAborted();
    if (this.#starting === null && this.#life?.link.usable) return this.#life;
    this.#starting ??= this.#replace().finally(() => {
      this.#starting = null;
    });
    return waitFor(this.#starting, signal);
  }

  async #replace(): Promise<HostLife> {
    await this.#life?.link.retire(this.#limits.runTimeoutMs);
    if (this.#life?.link.crashed) this.#crashes++;
    this.#life = null;
    if (this.#crashes > 0) {
      const waitMs = Math.min(this.#limits.maxBackOffMs, 100 * 2 ** (this.#crashes - 1));
      const { signal } = this.#closing;
      await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    try {
      const life = await startHostLife(this.#options, this.#limits);
      for (const [slotId, validUntilMs] of this.#grants) life.link.tell({ type: "grant", slotId, validUntilMs });
      this.#life = life;
      this.#provider = life.provider;
      return life;
    } catch (error) {
      this.#crashes++;
      throw error;
    }
  }

  /** Lets a process end that has worked long enough or holds too much; the next use starts another. */
  async #recycle(life: HostLife): Promise<void> {
    if (!life.link.usable) return;
    const { recycleAfterRuns, recycleAboveBytes } = this.#limits;
    if (life.runs < recycleAfterRuns) {
      // The kernel walks all pages of a process to say how many it has: not worth its time after every small tile.
      if (life.runs % 16 !== 1) return;
      if ((await readMemory(life, this.#limits)).anonymousBytes <= recycleAboveBytes || !life.link.usable) return;
    }
    this.#options.log.info({ host: this.id, pid: life.link.pid, runs: life.runs }, "inference host is recycled");
    void life.link.retire(this.#limits.runTimeoutMs);
  }
}
