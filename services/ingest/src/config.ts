import { type ConfigOf, field } from "@pixelmesh/config";
import { addressVariable, localAddress } from "@pixelmesh/roles";
import { remoteRuleFields, workerFields } from "@pixelmesh/worker";
import { urlFields } from "./url-fields.ts";

/** Settings of the ingest service. */
export const ingestFields = {
  ...workerFields("ingest"),
  upscaleAddress: field.text(addressVariable("upscale"), localAddress("upscale"), "Address of the upscale service."),
  backgroundAddress: field.text(
    addressVariable("background"),
    localAddress("background"),
    "Address of the background service.",
  ),
  remoteAddress: field.text(
    addressVariable("remote"),
    "",
    "Address of the remote service. Empty: this mesh has no hosted models.",
  ),
  effectsAddress: field.text(addressVariable("effects"), localAddress("effects"), "Address of the effects service."),
  apiTokensFile: field.text(
    "PIXELMESH_API_TOKENS_FILE",
    "",
    "File with the tokens of callers, one a line, each of 16 characters or more. Calls without a valid token are refused. Empty: every call is allowed.",
  ),
  operatorTokensFile: field.text(
    "PIXELMESH_OPERATOR_TOKENS_FILE",
    "",
    "File with the tokens of operators, who see the dead letters of all tenants. Empty: each tenant sees its own.",
  ),
  jobDeadlineMs: field.duration(
    "PIXELMESH_JOB_DEADLINE",
    "15m",
    "Time that a job may take if its caller sets no deadline.",
    { min: 1_000 },
  ),
  maxOpenJobs: field.integer("PIXELMESH_INGEST_MAX_OPEN_JOBS", "10000", "Most unfinished jobs of the mesh.", {
    min: 1,
    max: 100_000,
  }),
  maxOpenJobsPerTenant: field.integer(
    "PIXELMESH_INGEST_MAX_OPEN_JOBS_PER_TENANT",
    "2000",
    "Most unfinished jobs of one tenant.",
    { min: 1, max: 100_000 },
  ),
  maxCreateCalls: field.integer(
    "PIXELMESH_INGEST_MAX_CREATE_CALLS",
    "512",
    "Most CreateJob calls in progress in one replica, at most half of them of one tenant; others are refused at once.",
    { min: 2, max: 10_000 },
  ),
  maxDirectCalls: field.integer(
    "PIXELMESH_INGEST_MAX_DIRECT_CALLS",
    "256",
    "Most calls without a job that one replica passes on to effects, upscale and background at once, at most half of them of one tenant; others are refused at once.",
    { min: 2, max: 10_000 },
  ),
  interactivePerTenant: field.integer(
    "PIXELMESH_INGEST_INTERACTIVE_PER_TENANT",
    "100",
    "Open jobs of one tenant from which on its interactive jobs run as batch, with a notice.",
    { min: 1, max: 100_000 },
  ),
  maxWatches: field.integer(
    "PIXELMESH_INGEST_MAX_WATCHES",
    "4096",
    "Most open WatchJob calls of this process; more are refused at once (QUEUE_FULL).",
    { min: 1, max: 100_000 },
  ),
  batchWindow: field.integer(
    "PIXELMESH_INGEST_BATCH_WINDOW",
    "64",
    "Most open jobs of one batch. All batches of a tenant together open at most half of PIXELMESH_INGEST_INTERACTIVE_PER_TENANT, so that its other jobs stay interactive.",
    { min: 1, max: 10_000 },
  ),
  maxBatches: field.integer("PIXELMESH_INGEST_MAX_BATCHES", "100", "Most unfinished batches of the mesh.", {
    min: 1,
    max: 1_000,
  }),
  maxBatchesPerTenant: field.integer(
    "PIXELMESH_INGEST_MAX_BATCHES_PER_TENANT",
    "20",
    "Most unfinished batches of one tenant.",
    { min: 1, max: 1_000 },
  ),
  maxBatchWatches: field.integer(
    "PIXELMESH_INGEST_MAX_BATCH_WATCHES",
    "256",
    "Most open WatchBatch calls of this process; more are refused at once (QUEUE_FULL).",
    { min: 1, max: 10_000 },
  ),
  ...urlFields,
  ...remoteRuleFields,
  adaptCpuLoad: field.integer(
    "PIXELMESH_INGEST_ADAPT_CPU_LOAD",
    "2",
    "Runnable tasks for each core from which on results are degraded, if callers allow it. 0: ignore the cores.",
    { max: 1_000 },
  ),
  reconcileAfterMs: field.duration(
    "PIXELMESH_INGEST_RECONCILE_AFTER",
    "15s",
    "Time without progress after which a job is checked for lost messages.",
    { min: 500, max: 600_000 },
  ),
  keepJobs: field.integer(
    "PIXELMESH_INGEST_KEEP_JOBS",
    "1000000",
    "Most jobs that are kept, finished ones included; each takes the broker about 0.6 KiB of memory. PIXELMESH_NATS_JOBS_MAX may bound them sooner.",
    { min: 100 },
  ),
  keepResults: field.integer("PIXELMESH_INGEST_KEEP_RESULTS", "250000", "Most entries of the result cache.", {
    min: 100,
  }),
  outputLifeMs: field.duration("PIXELMESH_OUTPUT_LIFE", "24h", "How long outputs are kept after a job's deadline.", {
    min: 60_000,
  }),
} as const;

/** Values of `ingestFields`. */
export type IngestConfig = ConfigOf<typeof ingestFields>;
