import { AppError } from "@pixelmesh/errors";
import { readFileDigest } from "../models/file-digest.ts";
import type { AvailableModel } from "../models/registry.ts";
import type { Provider } from "../protocol/provider.ts";
import { HostConnection } from "./connection.ts";
import type { HostMemory, HostOptions, LoadReport } from "./inference-host.ts";
import type { HostLimits } from "./limits.ts";
import { toHostModel, toModelKey } from "./model-key.ts";
import { readProcessMemory } from "./process-memory.ts";

/** A model that a generation has loaded or is loading. */
export type HostedModel = {
  readonly model: AvailableModel;
  /** Resolves when the model is loaded. */
  readonly loading: Promise<LoadReport>;
  report: LoadReport | null;
  pinned: boolean;
  lastUsedUnixMs: number;
};

/** One process of a host with a proven provider, and its models. All of it ends with the process. */
export type Generation = {
  readonly connection: HostConnection;
  readonly provider: Provider;
  /** By `toModelKey`. */
  readonly models: Map<string, HostedModel>;
  readonly startedMs: number;
  runs: number;
};

/** The memory of a host without a process. */
export const noMemory: HostMemory = { anonymousBytes: 0, residentBytes: 0 };

/**
 * Starts process `number` of a host, counted from 1, and has it prove a provider. Rejects with INFERENCE_FAILED if it cannot;
 * the process has exited then.
 */
export async function startGeneration(options: HostOptions, limits: HostLimits, number: number): Promise<Generation> {
  const began = performance.now();
  const connection = await HostConnection.open(options.id, options.log, options.gpuUuid);
  try {
    const { providers, threads, deviceIndex = 0, faults = [] } = options;
    const request = { type: "start", providers, deviceIndex, threads, faults, generation: number } as const;
    const response = await connection.request<"started">(request, { timeoutMs: limits.startTimeoutMs });
    const { provider, refused, runtime } = response;
    const startMs = Math.round(performance.now() - began);
    const facts = { host: options.id, pid: connection.pid, provider, runtime, startMs };
    if (refused.length > 0) options.log.warn({ ...facts, refused }, "inference host could not prove every provider");
    else options.log.info(facts, "inference host started");
    options.observe?.({ type: "started", provider, startMs });
    void connection.ended.then(() => options.observe?.({ type: "ended", reason: connection.endReason }));
    sendHeartbeats(connection, limits.heartbeatMs);
    return { connection, provider, models: new Map(), startedMs: performance.now(), runs: 0 };
  } catch (error) {
    connection.kill("not_proven", "it did not start");
    await connection.ended;
    options.observe?.({ type: "ended", reason: "not_proven" });
    throw error;
  }
}

/** An idle process must respond too, so that a hung one is replaced before the next run. */
function sendHeartbeats(connection: HostConnection, everyMs: number): void {
  const timer = setInterval(() => {
    connection.ignorePastOomKills();
    if (!connection.usable || connection.pending > 0) return;
    // The connection kills a process that does not respond.
    connection.request<"stats">({ type: "stats" }, { timeoutMs: everyMs, isHeartbeat: true }).catch(() => {});
  }, everyMs).unref();
  void connection.ended.then(() => clearInterval(timer));
}

/** Limits of a load, and the options of its host that it needs. */
type LoadOptions = Pick<HostOptions, "observe" | "provenModels"> & { readonly limits: HostLimits };

/**
 * Loads a model into a generation; concurrent calls share one load. `loading` rejects with MODEL_INVALID if the file was
 * changed since it was checked, and with MODEL_UNAVAILABLE if it is gone. A failed load is removed, so that it can be retried.
 */
export function loadInto(
  generation: Generation,
  model: AvailableModel,
  { limits, observe, provenModels }: LoadOptions,
): HostedModel {
  const key = toModelKey(model);
  const known = generation.models.get(key);
  if (known) return known;
  const loading = load(generation, model, limits, provenModels?.has(key) ?? false);
  const hosted: HostedModel = { model, loading, report: null, pinned: false, lastUsedUnixMs: Date.now() };
  generation.models.set(key, hosted);
  loading.then(
    (report) => {
      hosted.report = report;
      provenModels?.add(key);
      observe?.({ type: "loaded", model: model.name, loadMs: report.loadMs });
    },
    () => generation.models.delete(key),
  );
  return hosted;
}

async function load(
  generation: Generation,
  model: AvailableModel,
  limits: HostLimits,
  isProven: boolean,
): Promise<LoadReport> {
  await assertUnchanged(model);
  const memoryBeforeBytes = (await readMemory(generation, limits)).anonymousBytes;
  const request = { type: "load", model: toHostModel(model), isProven } as const;
  const timeout = { timeoutMs: limits.loadTimeoutMs };
  const { loadMs, wasLoaded } = await generation.connection.request<"loaded">(request, timeout);
  const memoryAfterBytes = (await readMemory(generation, limits)).anonymousBytes;
  return { wasLoaded, provider: generation.provider, loadMs, memoryBeforeBytes, memoryAfterBytes };
}

/** The registry checked the file once. It may have been replaced since. */
async function assertUnchanged({ name, path, digest }: AvailableModel): Promise<void> {
  const file = await readFileDigest(path).catch(() => null);
  if (file === null) throw new AppError("MODEL_UNAVAILABLE", `The file of \`${name}\` is gone`);
  if (file.sha256 === digest) return;
  throw new AppError("MODEL_INVALID", `The file of \`${name}\` is not the one that was there at the start`);
}

/** Memory of the process, as the kernel accounts it if it can be read, else as the process reports it. */
export async function readMemory({ connection }: Generation, limits: HostLimits): Promise<HostMemory> {
  if (!connection.alive) return noMemory;
  const memory = await readProcessMemory(connection.pid);
  if (memory !== null || !connection.usable) return memory ?? noMemory;
  const timeout = { timeoutMs: limits.runTimeoutMs };
  const { residentBytes } = await connection.request<"stats">({ type: "stats" }, timeout);
  return { anonymousBytes: residentBytes, residentBytes };
}
