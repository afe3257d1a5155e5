import {
  type Batch,
  DeadLetterServiceDefinition,
  type EffectDescription,
  type EstimateCostResponse,
  type FeatureDescription,
  type GetClusterResponse,
  JobServiceDefinition,
  type JobServiceGetStatsResponse,
  type ListRemoteModelsResponse,
  type Model,
} from "@pixelmesh/proto";
import { type RpcConnection, waitForReady } from "@pixelmesh/rpc/client";
import { type Batches, createBatches } from "./batches.ts";
import type { CallOptions } from "./call-options.ts";
import { createCancellation } from "./cancellation.ts";
import { estimateCost } from "./costs.ts";
import type { BatchPicture } from "./create-batch.ts";
import { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
import { createDirectCalls, type DirectCalls } from "./direct/direct-calls.ts";
import type { FeatureSettings } from "./feature-settings.ts";
import type { JobSettings } from "./job-settings.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import { type ConnectOptions, defaultTimeoutMs, openConnection } from "./open-connection.ts";
import type { PipelineBuilder } from "./pipeline/pipeline.ts";
import type { PipelineInput } from "./pipeline/pipeline-input.ts";
import { createRetriedCall } from "./retry.ts";
import type { FinishedJob } from "./run/finished-job.ts";
import type { PictureInput } from "./run/picture-input.ts";
import { type RunBatchOptions, runBatch } from "./run/run-batch.ts";
import { type RunOptions, runJob } from "./run/run-job.ts";

/** A client of a mesh. It needs only one address. Its direct calls process one picture without a job. */
export type Pixelmesh = DirectCalls & {
  readonly address: string;
  /**
   * Runs a pipeline on a picture, or on the source and further pictures, as one job, and resolves once it has succeeded. Throws the error of a job that
   * fails. An aborted signal cancels the job.
   */
  run(
    pipeline: PipelineInput | PipelineBuilder,
    pictures: PictureInput | readonly PictureInput[],
    options?: RunOptions,
  ): Promise<FinishedJob>;
  /** Runs a pipeline on 1 to 10,000 pictures as one batch. `onResult` gets each as it ends. Resolves to the ended batch. */
  runBatch(
    pipeline: PipelineInput | PipelineBuilder,
    pictures: readonly (string | BatchPicture)[],
    options?: RunBatchOptions,
  ): Promise<Batch>;
  /** As `run`, with a feature: a named pipeline of the mesh. */
  runFeature(
    feature: FeatureSettings,
    pictures: PictureInput | readonly PictureInput[],
    options?: RunOptions,
  ): Promise<FinishedJob>;
  /** As `runBatch`, with a feature. */
  runFeatureBatch(
    feature: FeatureSettings,
    pictures: readonly (string | BatchPicture)[],
    options?: RunBatchOptions,
  ): Promise<Batch>;
  readonly jobs: Jobs;
  readonly batches: Batches;
  readonly deadLetters: DeadLetters;
  /** Resolves to the models of all services, or to those of one task (`upscale`, `matte`). */
  models(options?: CallOptions & { readonly task?: string }): Promise<readonly Model[]>;
  /** Resolves to every effect with its parameters, types and ranges. */
  effects(options?: CallOptions): Promise<readonly EffectDescription[]>;
  /** Resolves to the newest version of every feature, with its steps, where they run, and whether this mesh can run them. */
  features(options?: CallOptions): Promise<readonly FeatureDescription[]>;
  /** Resolves to the hosted models of the operator's manifest and the currency of their prices. */
  remoteModels(options?: CallOptions): Promise<ListRemoteModelsResponse>;
  /** Resolves to what a job of these settings would cost, by step, and what is left of the tenant's budget today. Creates nothing. */
  estimateCost(settings: JobSettings, options?: CallOptions): Promise<EstimateCostResponse>;
  /** Resolves to the current services, devices, slots and queues. */
  cluster(options?: CallOptions): Promise<GetClusterResponse>;
  /** Resolves to the statistics of all replicas together. */
  stats(options?: CallOptions): Promise<JobServiceGetStatsResponse>;
  /** Connects now rather than with the first call. Throws SERVICE_UNAVAILABLE after `timeoutMs`. */
  ready(timeoutMs?: number): Promise<void>;
  /** Closes the connection. Running and later calls fail with CANCELLED. */
  close(): void;
};

/**
 * Creates a client of a mesh. It connects on first use and reconnects when the connection is lost. Throws INVALID_ARGUMENT for
 * invalid TLS files.
 */
export function connectPixelmesh(options: ConnectOptions): Pixelmesh {
  return createPixelmesh(openConnection(options), options);
}

/** Creates a client over a connection, which it closes. */
export function createPixelmesh(
  connection: RpcConnection,
  { timeoutMs = defaultTimeoutMs, retryTimeoutMs = 30_000 }: ConnectOptions,
): Pixelmesh {
  const { address } = connection;
  const rpc = connection.client(JobServiceDefinition);
  const cancellation = createCancellation();
  const withRetries = createRetriedCall(cancellation, retryTimeoutMs);
  const jobs = createJobs(rpc, retryTimeoutMs, cancellation);
  const batches = createBatches(rpc, retryTimeoutMs, cancellation);
  return {
    address,
    jobs,
    batches,
    run: (pipeline, pictures, options = {}) => runJob(jobs, { pipeline }, pictures, options),
    runBatch: (pipeline, pictures, options = {}) => runBatch(batches, jobs, { pipeline }, pictures, options),
    runFeature: (feature, pictures, options = {}) => runJob(jobs, { feature }, pictures, options),
    runFeatureBatch: (feature, pictures, options = {}) => runBatch(batches, jobs, { feature }, pictures, options),
    ...createDirectCalls(connection, retryTimeoutMs, cancellation),
    deadLetters: createDeadLetters(connection.client(DeadLetterServiceDefinition), retryTimeoutMs, cancellation),
    models: async ({ task = "", ...options } = {}) =>
      (await withRetries(options, (call) => rpc.listModels({ task }, call))).models,
    effects: async (options = {}) => (await withRetries(options, (call) => rpc.listEffects({}, call))).effects,
    features: async (options = {}) => (await withRetries(options, (call) => rpc.listFeatures({}, call))).features,
    remoteModels: (options = {}) => withRetries(options, (call) => rpc.listRemoteModels({}, call)),
    estimateCost: (settings, options = {}) => withRetries(options, (call) => estimateCost(rpc, settings, call)),
    cluster: (options = {}) => withRetries(options, (call) => rpc.getCluster({}, call)),
    stats: (options = {}) => withRetries(options, (call) => rpc.getStats({ ownOnly: false }, call)),
    ready: (ms = timeoutMs) => cancellation.call({}, () => waitForReady(connection, ms)),
    close() {
      cancellation.close();
      connection.close();
    },
  };
}
