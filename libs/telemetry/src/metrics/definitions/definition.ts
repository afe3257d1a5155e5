import { modelOperationCases, operationCases, pipelineKinds } from "@pixelmesh/pipeline";
import { type RoleName, workerRoles } from "@pixelmesh/roles";

/**
 * Definition of one metric. A label with a list takes only the values of the list, and its series exist from the start, at zero. A
 * label that is `open` takes values that are not known beforehand and that the mesh bounds (devices, models, methods).
 *
 * A process's role is not a label of its own metrics: `pixelmesh_build_info` carries it as `service`. The label `queue` holds the
 * role whose work queue a series is about, because another role may export it.
 */
export type Definition = {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[] | "open">>;
  /** The roles that export it. */
  readonly from: readonly RoleName[] | "all";
  /** Upper edges of a histogram's buckets. */
  readonly buckets?: readonly number[];
};

/** Bucket edges in seconds for jobs and steps. One edge is exactly the 30 s of the latency alert. */
export const jobSeconds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600] as const;
/** Bucket edges in seconds for calls. */
export const rpcSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60] as const;
/** Bucket edges in seconds for waits. */
export const waitSeconds = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300] as const;
/** Bucket edges in bytes for uploaded pictures. */
export const inputBytes = [16, 64, 256, 1_024, 4_096, 16_384, 65_536].map((kib) => kib * 1_024);
/** Bucket edges in megapixels for uploaded pictures. */
export const megapixels = [0.25, 1, 2, 4, 8, 16, 25, 50, 100] as const;

/** Pipelines, by the most expensive of their steps. */
export const pipelines = pipelineKinds;
/** Operations of steps. */
export const operations = operationCases;
/** Operations that run models. */
export const modelOperations = modelOperationCases;
/** Priorities of jobs, and of work items in a queue. */
export const priorities = ["interactive", "batch"] as const;
/** The streams of the work queues. */
export const workStreams = workerRoles.map((name) => `WORK_${name.toUpperCase()}` as const);
/** Kinds of blobs, by their use in jobs. */
export const blobKinds = ["output", "input", "frame"] as const;
/** Buckets with a size limit, whose oldest entries are evicted. */
export const boundedBuckets = ["jobs", "results", "batches", "callbacks"] as const;

/** Labels of a call, named by the OpenTelemetry conventions. */
export const rpcLabels = {
  rpc_system_name: "open",
  rpc_method: "open",
  rpc_response_status_code: "open",
  error_type: "open",
} as const;
