import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { monotonicMs } from "../protocol/messages.ts";
import type { Provider } from "../protocol/provider.ts";
import type { HostEndReason } from "./events.ts";
import { type HostLife, loadInto, type Resident, readMemory, startHostLife } from "./process.ts";
import type { HostLimits, HostMemory, HostOptions } from "./types.ts";
import { waitFor } from "./wait-for.ts";

/**
 * The processes of one host, one after another: for a moment two, where the next one is made ready while the last one still
 * works.
 */
export class HostLives {
  readonly #options: HostOptions;
  readonly #limits: HostLimits;
  readonly #grants = new Map<string, number>();
  readonly #closing = new AbortController();
  /** Those that finish what they have. */
  readonly #leaving = new Set<HostLife>();
  #life: HostLife | null = null;
  #starting: Promise<HostLife> | null = null;
  #succession: Promise<void> | null = null;
  #count = 0;
  #failures = 0;
  #provider: Provider = "cpu";

  constructor(options: HostOptions, limits: HostLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  /** The process that takes runs, or took the last ones. */
  get current(): HostLife | null {
    return this.#life;
  }

  /** The provider proven last. */
  get provider(): Provider {
    return this.#provider;
  }

  get isBusy(): boolean {
    return this.#starting !== null || this.#alive().some(({ link }) => link.pending > 0);
  }

  /** A usable process: the one there is, or a fresh one, started once however many ask. STOPPING once it is closing. */
  async live(signal?: AbortSignal): Promise<HostLife> {
    this.#closing.signal.throwIfAborted();
    if (this.#starting === null && this.#life?.link.usable) return this.#life;
    this.#starting ??= this.#replace().finally(() => {
      this.#starting = null;
    });
    return waitFor(this.#starting, signal);
  }

  /** Counts a run that went well, and has the process replaced where it has worked long enough or holds too much. */
  async noteRun(life: HostLife): Promise<void> {
    this.#failures = 0;
    life.runs++;
    if (!life.link.usable || life !== this.#life || this.#succession) return;
    const { recycleAfterRuns, recycleAboveBytes, recycleMinAgeMs } = this.#limits;
    if (life.runs < recycleAfterRuns) {
      // The kernel walks all pages of a process to say how many it has: not worth its time after every small tile.
      if (life.runs % 16 !== 1 || performance.now() - life.startedMs < recycleMinAgeMs) return;
      if ((await readMemory(life, this.#limits)).anonymousBytes <= recycleAboveBytes) return;
    }
    if (!life.link.usable || this.#succession) return;
    this.#succession ??= this.#succeed(life).finally(() => {
      this.#succession = null;
    });
    await this.#succession;
  }

  /** A process that is not to be trusted any more: it answers what it has, and nothing else is asked of it. */
  poison(life: HostLife): void {
    void life.link.retire("poisoned", this.#limits.runTimeoutMs);
  }

  /** Ends the process once it has answered what it has; the next use starts another. */
  async retire(reason: HostEndReason): Promise<void> {
    await this.#life?.link.retire(reason, this.#limits.closeGraceMs);
  }

  renewGrant(slotId: string, validMs: number): void {
    const nowMs = monotonicMs();
    const validUntilMs = nowMs + validMs;
    for (const [each, endMs] of this.#grants) if (endMs <= nowMs) this.#grants.delete(each);
    this.#grants.set(slotId, validUntilMs);
    for (const { link } of this.#alive()) link.tell({ type: "grant", slotId, validUntilMs });
  }

  endGrant(slotId: string): void {
    this.#grants.delete(slotId);
    for (const { link } of this.#alive()) link.tell({ type: "endGrant", slotId });
  }

  /** Of all processes that are there. */
  async memory(): Promise<HostMemory> {
    const each = await Promise.all(this.#alive().map((life) => readMemory(life, this.#limits)));
    const sum = (of: keyof HostMemory) => each.reduce((total, memory) => total + memory[of], 0);
    return { anonymousBytes: sum("anonymousBytes"), residentBytes: sum("residentBytes") };
  }

  async close(reason: HostEndReason): Promise<void> {
    this.#closing.abort(new AppError("STOPPING", "The inference host is closing"));
    await this.#starting?.catch(() => {});
    await this.#succession;
    const { closeGraceMs } = this.#limits;
    await Promise.all(this.#alive().map(({ link }) => link.retire(reason, closeGraceMs)));
  }

  #alive(): HostLife[] {
    const all = this.#life === null ? [...this.#leaving] : [this.#life, ...this.#leaving];
    return all.filter(({ link }) => link.alive);
  }

  async #replace(): Promise<HostLife> {
    // One that is being made ready anyway is as good.
    await this.#succession;
    if (this.#life?.link.usable) return this.#life;
    await this.#life?.link.retire("poisoned", this.#limits.runTimeoutMs);
    if (this.#life?.link.failed) this.#failures++;
    this.#life = null;
    if (this.#failures > 0) {
      const waitMs = Math.min(this.#limits.maxBackOffMs, 100 * 2 ** (this.#failures - 1));
      const { signal } = this.#closing;
      await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    try {
      const life = await this.#start();
      this.#life = life;
      return life;
    } catch (error) {
      this.#failures++;
      throw error;
    }
  }

  async #start(): Promise<HostLife> {
    this.#count++;
    const life = await startHostLife(this.#options, this.#limits, this.#count);
    for (const [slotId, validUntilMs] of this.#grants) life.link.tell({ type: "grant", slotId, validUntilMs });
    this.#provider = life.provider;
    return life;
  }

  /** Puts a fresh process with the same models in the place of one: before it ends where memory allows two, else after. */
  async #succeed(last: HostLife): Promise<void> {
    const { id, log, hasRoom } = this.#options;
    const heldBytes = (await readMemory(last, this.#limits)).anonymousBytes;
    const isReadyFirst = hasRoom?.(heldBytes) ?? true;
    log.info({ host: id, pid: last.link.pid, runs: last.runs, heldBytes, isReadyFirst }, "inference host is recycled");
    if (!isReadyFirst) return void last.link.retire("recycled", this.#limits.runTimeoutMs);
    try {
      const next = await this.#start();
      const residents = [...last.residents.values()];
      await Promise.all(residents.map((each) => this.#carryOver(next, each)));
      this.#life = next;
      this.#leaving.add(last);
      void last.link.ended.then(() => this.#leaving.delete(last));
      void last.link.retire("recycled", this.#limits.runTimeoutMs);
    } catch (error) {
      log.warn({ host: id, err: error }, "inference host could not be recycled; it goes on");
      last.runs = 0;
    }
  }

  /** A model that cannot be loaded again is found out by who needs it. */
  async #carryOver(next: HostLife, { model, pinned, lastUsedUnixMs }: Resident): Promise<void> {
    const resident = loadInto(next, model, { limits: this.#limits, observe: this.#options.observe });
    resident.pinned = pinned;
    resident.lastUsedUnixMs = lastUsedUnixMs;
    await resident.loading.catch(() => {});
  }
}
