import { type RoleName, workerRoles } from "@pixelmesh/roles";

/** Bucket edges in seconds for whole jobs and steps: exact at 30 s, which the latency alert asks for, and beyond. */
export const jobSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600] as const;
/** Bucket edges in seconds for calls. */
export const rpcSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60] as const;
/** Bucket edges in seconds for waits. */
export const waitSeconds = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300] as const;
/** Bucket edges for the size of files. */
export const inputBytes = [16, 64, 256, 1_024, 4_096, 16_384, 65_536].map((kib) => kib * 1_024);
/** Bucket edges for the size of pictures. */
export const megapixels = [0.25, 1, 2, 4, 8, 16, 25, 50, 100] as const;

/** Kinds of pipelines. */
export const pipelines = ["upscale", "background", "effects", "prescale"] as const;
/** Operations of steps. */
export const stages = ["prescale", "upscale", "removeBackground", "replaceBackground", "applyEffects"] as const;
/** Services that take work. */
export const queues = workerRoles;
/** Their queues, by priority. */
export const lanes = queues.flatMap((queue) => [`${queue}.interactive`, `${queue}.batch`]);
/** Their streams. */
export const workStreams = workerRoles.map((name) => `WORK_${name.toUpperCase()}` as const);
/** What stored bytes are to the jobs that use them. */
export const blobKinds = ["output", "input", "frame"] as const;
/** Buckets whose oldest entries give way. */
export const keptBuckets = ["jobs", "requests", "results"] as const;
/**
 * One metric. A label with a list takes those values only and its series exist from the start, at zero; `open` is a set that is
 * bounded by the mesh itself (devices, models, methods) and not known beforehand.
 */
export type Definition = {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[] | "open">>;
  readonly from: readonly RoleName[] | "all";
  readonly buckets?: readonly number[];
};

/** Labels of a call, by the semantic conventions. */
export const rpcLabels = {
  rpc_system_name: "open",
  rpc_method: "open",
  rpc_response_status_code: "open",
  error_type: "open",
} as const;
