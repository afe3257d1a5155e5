import { randomBytes } from "node:crypto";
import { AppError, toAppError } from "@pixelmesh/errors";
import { type Batch, BatchProgress, type BatchSource, BatchSpec, type CreateBatchRequest } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { BatchStore } from "../../batches/batch-store.ts";
import { toBatch } from "../../batches/batch-view.ts";
import {
  type ResolveBatch,
  type ResolvedSource,
  type ResolveParts,
  resolveSource,
} from "../../batches/resolve-source.ts";
import { createBatchId } from "../../domain/batch-id.ts";
import { batchLifeMs } from "../../domain/batch-limits.ts";
import { type BucketFill, evictionThresholds } from "../../domain/eviction-thresholds.ts";
import { inParallel } from "../../domain/in-parallel.ts";
import { callTenant } from "../call-tenant.ts";
import { requestIdReused } from "../create-job/earlier-job.ts";
import { type PlanParts, planSpec } from "../create-job/plan-spec.ts";
import { toInputRetention } from "../input-retention.ts";
import { type ParsedBatch, parseBatch, withRelativeDeadline } from "./parse-batch.ts";

/** Dependencies of `createCreateBatch`. */
export type CreateBatchParts = {
  readonly batches: Pick<BatchStore, "create" | "find" | "findRequest" | "listOpen">;
  readonly sources: ResolveParts;
  readonly releaseBlobs: (jobId: string) => Promise<void>;
  readonly planning: PlanParts;
  /** The size of the bucket `batches`. */
  readonly readFill: () => Promise<Pick<BucketFill, "sizeBytes" | "boundBytes">>;
  /** Throws unless jobs may have this callback now. */
  readonly assertCallback: (url: string) => Promise<void>;
  readonly limits: { readonly maxBatches: number; readonly maxBatchesPerTenant: number };
};

const retryAfterMs = 5_000;
/** Pictures that are looked up at once. Their bytes are read of few, within the memory for uploads. */
const concurrency = 16;
/** The largest specification that is stored, with the pipeline as it was sent. */
const maxSpecBytes = 256 * 1024;

/**
 * CreateBatch: checks the pipeline once and every picture, extends the life of the pictures, and stores the batch. The feeder creates its
 * jobs.
 */
export function createCreateBatch(parts: CreateBatchParts) {
  const { batches } = parts;

  async function viewEarlier(earlier: BatchSpec, { requestDigest }: ParsedBatch): Promise<Batch> {
    if (earlier.requestDigest !== requestDigest) throw requestIdReused();
    const stored = await batches.find(earlier);
    return toBatch(stored ?? { spec: earlier, progress: BatchProgress.create() }, Date.now());
  }

  async function create(parsed: ParsedBatch, spec: BatchSpec, signal: AbortSignal): Promise<Batch> {
    const { batchId, tenant } = spec;
    let isCreated = false;
    try {
      const retention = toInputRetention(batchId, spec.expiresUnixMs);
      const sources = await resolveSources(parts.sources, parsed, { tenant, retention, signal });
      await assertPlan(parts.planning, spec, sources);
      const stored = await batches.create(spec, sources);
      isCreated = stored.batchId === batchId;
      return await viewEarlier(stored, parsed);
    } finally {
      if (!isCreated) parts.releaseBlobs(batchId).catch(() => {});
    }
  }

  return async (request: CreateBatchRequest, { signal }: CallContext): Promise<Batch> => {
    const tenant = callTenant();
    const nowUnixMs = Date.now();
    const parsed = parseBatch(request);
    const { requestId } = parsed.header;
    const earlier = await batches.findRequest({ tenant, requestId });
    if (earlier) return viewEarlier(earlier, parsed);
    await parts.assertCallback(parsed.header.callbackUrl);
    const spec = BatchSpec.create({
      batchId: createBatchId(nowUnixMs, randomBytes(16), { tenant, requestId }),
      tenant,
      createdUnixMs: nowUnixMs,
      header: withRelativeDeadline(parsed.header, nowUnixMs),
      requestDigest: parsed.requestDigest,
      sources: parsed.sources.length,
      expiresUnixMs: nowUnixMs + batchLifeMs,
    });
    assertSpecSize(spec);
    await assertCapacity(parts, tenant);
    return create(parsed, spec, signal);
  };
}

function assertSpecSize(spec: BatchSpec): void {
  const bytes = BatchSpec.encode(spec).finish().length;
  if (bytes <= maxSpecBytes) return;
  const metadata = { bytes: String(bytes), max_bytes: String(maxSpecBytes) };
  throw new AppError("PIPELINE_TOO_LARGE", `The pipeline takes ${bytes} bytes, above ${maxSpecBytes}`, { metadata });
}

/** Throws TOO_MANY_BATCHES while the mesh or the tenant has as many unfinished batches as it may, or their bucket is full. */
async function assertCapacity({ batches, limits, readFill }: CreateBatchParts, tenant: string): Promise<void> {
  const open = await batches.listOpen();
  const own = open.filter((key) => key.tenant === tenant).length;
  const refuse = (text: string) => new AppError("TOO_MANY_BATCHES", text, { retryAfterMs });
  if (own >= limits.maxBatchesPerTenant) throw refuse(`The tenant has ${own} unfinished batches, as many as it may`);
  if (open.length >= limits.maxBatches)
    throw refuse(`The mesh has ${open.length} unfinished batches, as many as it may`);
  const { sizeBytes, boundBytes } = await readFill();
  if (sizeBytes > evictionThresholds.refuse * boundBytes)
    throw refuse("The store of batches is full of unfinished ones (PIXELMESH_NATS_BATCHES_MAX sets its size)");
}

async function resolveSources(
  parts: ResolveParts,
  { sources }: ParsedBatch,
  batch: ResolveBatch,
): Promise<BatchSource[]> {
  const digests = new Set(sources.map(({ sha256 }) => sha256));
  const known = await parts.known.findAll(batch.tenant, digests);
  const resolved = new Map<string, ResolvedSource>();
  await inParallel(digests, concurrency, async (sha256) => {
    batch.signal.throwIfAborted();
    resolved.set(sha256, await resolveSource(parts, sha256, known.get(sha256), batch));
  });
  return sources.map(({ name, sha256 }) => {
    const { info, error } = resolved.get(sha256) ?? {};
    return { name, sha256, info, error };
  });
}

/**
 * Plans the job of the first usable picture. Throws as `planJob` does, except for what follows from the size of that picture. No picture is
 * measured, because the choice of a model by `auto` refuses nothing.
 */
async function assertPlan(planning: PlanParts, spec: BatchSpec, sources: readonly BatchSource[]): Promise<void> {
  const { batchId: jobId, tenant, header, createdUnixMs: nowUnixMs, expiresUnixMs: deadlineUnixMs } = spec;
  if (!header) throw new AppError("INTERNAL", "A batch without a header");
  const first = sources.find(({ error }) => error === undefined) ?? sources[0];
  const source = { name: "source", sha256: first?.sha256 ?? "", info: first?.info };
  try {
    const unmeasured: PlanParts = { ...planning, measureCompressions: async () => new Map() };
    await planSpec(unmeasured, { header, sources: [source] }, { jobId, tenant, nowUnixMs, deadlineUnixMs });
  } catch (error) {
    if (toAppError(error).reason !== "OUTPUT_TOO_LARGE") throw error;
  }
}
