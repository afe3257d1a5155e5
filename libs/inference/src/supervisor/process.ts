import { AppError } from "@pixelmesh/errors";
import { readFileDigest } from "../models/file-digest.ts";
import type { AvailableModel } from "../models/registry.ts";
import type { HostModel } from "../protocol/messages.ts";
import type { Provider } from "../protocol/provider.ts";
import { HostLink } from "./connection.ts";
import { readProcessMemory } from "./process-memory.ts";
import type { HostLimits, HostMemory, HostOptions, LoadReport } from "./types.ts";

/** A model in a process. */
export type Resident = {
  readonly model: AvailableModel;
  /** Settles when it is loaded. */
  readonly loading: Promise<LoadReport>;
  report: LoadReport | null;
  pinned: boolean;
  lastUsedUnixMs: number;
};

/** A host process with a proven provider, and what it holds. Everything in here ends with the process. */
export type HostLife = {
  readonly link: HostLink;
  readonly provider: Provider;
  /** By `toModelKey`. */
  readonly residents: Map<string, Resident>;
  readonly startedMs: number;
  runs: number;
};

/** What a host without a process holds. */
export const noMemory: HostMemory = { anonymousBytes: 0, residentBytes: 0 };

/**
 * Starts the `life`-th process of a host and has it prove a provider. Rejects with INFERENCE_FAILED where it cannot; no
 * process is left then.
 */
export async function startHostLife(options: HostOptions, limits: HostLimits, life: number): Promise<HostLife> {
  const began = performance.now();
  const link = await HostLink.open(options.id, options.log, options.gpuUuid);
  try {
    const { providers, threads, deviceIndex = 0, faults = [] } = options;
    const request = { type: "start", providers, deviceIndex, threads, faults, life } as const;
    const { provider, refused, runtime } = await link.ask<"started">(request, { timeoutMs: limits.startTimeoutMs });
    const startMs = Math.round(performance.now() - began);
    const facts = { host: options.id, pid: link.pid, provider, runtime, startMs };
    if (refused.length > 0) options.log.warn({ ...facts, refused }, "inference host could not prove every provider");
    else options.log.info(facts, "inference host started");
    options.observe?.({ type: "started", provider, startMs });
    void link.ended.then(() => options.observe?.({ type: "ended", reason: link.endReason }));
    keepAsking(link, limits.heartbeatMs);
    return { link, provider, residents: new Map(), startedMs: performance.now(), runs: 0 };
  } catch (error) {
    link.kill("not_proven", "it did not start");
    await link.ended;
    throw error;
  }
}

/** A process that does nothing must still answer: else the next run would be the one to find out that it does not. */
function keepAsking(link: HostLink, everyMs: number): void {
  const timer = setInterval(() => {
    link.noteAlive();
    if (!link.usable || link.pending > 0) return;
    // A process that does not answer is killed by the link.
    link.ask<"stats">({ type: "stats" }, { timeoutMs: everyMs, isBeat: true }).catch(() => {});
  }, everyMs).unref();
  void link.ended.then(() => clearInterval(timer));
}

/** Loads a model into a process, once however many ask; MODEL_INVALID where its file was changed. A failed load is forgotten. */
export function loadInto(
  life: HostLife,
  model: AvailableModel,
  { limits, observe }: { readonly limits: HostLimits; readonly observe?: HostOptions["observe"] },
): Resident {
  const key = toModelKey(model);
  const known = life.residents.get(key);
  if (known) return known;
  const loading = (async (): Promise<LoadReport> => {
    await assertUnchanged(model);
    const memoryBeforeBytes = (await readMemory(life, limits)).anonymousBytes;
    const request = { type: "load", model: toHostModel(model) } as const;
    const { loadMs, wasLoaded } = await life.link.ask<"loaded">(request, { timeoutMs: limits.loadTimeoutMs });
    const memoryAfterBytes = (await readMemory(life, limits)).anonymousBytes;
    return { wasLoaded, provider: life.provider, loadMs, memoryBeforeBytes, memoryAfterBytes };
  })();
  const resident: Resident = { model, loading, report: null, pinned: false, lastUsedUnixMs: Date.now() };
  life.residents.set(key, resident);
  loading.then(
    (report) => {
      resident.report = report;
      observe?.({ type: "loaded", model: model.name, loadMs: report.loadMs });
    },
    () => life.residents.delete(key),
  );
  return resident;
}

/** The registry has checked this file; what has taken its place since, nobody has. */
async function assertUnchanged({ name, path, digest }: AvailableModel): Promise<void> {
  const file = await readFileDigest(path).catch(() => null);
  if (file === null) throw new AppError("MODEL_UNAVAILABLE", `The file of \`${name}\` is gone`);
  if (file.sha256 === digest) return;
  throw new AppError("MODEL_INVALID", `The file of \`${name}\` is not the one that was there at the start`);
}

/** Memory of the process, from the kernel where that tells, else from the process itself. */
export async function readMemory(life: HostLife, limits: HostLimits): Promise<HostMemory> {
  if (!life.link.alive) return noMemory;
  const memory = await readProcessMemory(life.link.pid);
  if (memory !== null || !life.link.usable) return memory ?? noMemory;
  const { residentBytes } = await life.link.ask<"stats">({ type: "stats" }, { timeoutMs: limits.runTimeoutMs });
  return { anonymousBytes: residentBytes, residentBytes };
}

/** A model by its name and file. */
export function toModelKey(model: AvailableModel): string {
  return `${model.name}@${model.digest.slice(0, 12)}`;
}

function toHostModel(model: AvailableModel): HostModel {
  const { path, task, scale, input, output, sizeMultiple } = model;
  return { key: toModelKey(model), path, task, scale, input, output, sizeMultiple };
}
