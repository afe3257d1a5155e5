import { randomBytes } from "node:crypto";
import { type Bus, gatherAnswers, listServices } from "@pixelmesh/bus";
import { AppError, expected } from "@pixelmesh/errors";
import { toJob } from "@pixelmesh/pipeline";
import {
  type CreateJobHeader,
  type JobRecord,
  type JobSpec,
  PromoteBlobsRequest,
  PromoteBlobsResponse,
  type Source,
  StepState,
  StorageServiceDefinition,
  type Upload,
  type WarmOutput,
  type WarmResultsRequest,
  type WarmResultsResponse,
} from "@pixelmesh/proto";
import type { CallContext, RpcConnection } from "@pixelmesh/rpc";
import type { ResultCache } from "@pixelmesh/worker";
import { parseDeadline } from "../domain/deadline.ts";
import { createJobId } from "../domain/job-id.ts";
import { findStoredResults } from "../orchestrator/find-stored-results.ts";
import type { KnownPictures } from "../stores/known-pictures.ts";
import { callTenant } from "./call-tenant.ts";
import { type PlanParts, planSpec } from "./create-job/plan-spec.ts";

/** Dependencies of `createWarmResults`. */
export type WarmResultsParts = {
  readonly bus: Bus;
  readonly known: Pick<KnownPictures, "findAll">;
  readonly planning: PlanParts;
  readonly results: Pick<ResultCache, "read">;
  readonly storage: RpcConnection;
  /** The default time to the deadline. */
  readonly jobDeadlineMs: number;
};

const maxPictures = 16;
const statTimeoutMs = 5_000;
/** Copying 64 outputs may read them all from the shared store. */
const promoteTimeoutMs = 25_000;
/** More replicas than any mesh has. */
const mostReplicas = 64;
const subject = "storage.promote";

/** WarmResults: looks up the stored results of a job without creating it, and has storage copy its outputs to faster tiers. */
export function createWarmResults(parts: WarmResultsParts) {
  const { bus, known, planning, results, jobDeadlineMs } = parts;
  const blobs = parts.storage.client(StorageServiceDefinition);

  async function isStored(sha256: string): Promise<boolean> {
    try {
      await blobs.statBlob({ sha256 }, { timeoutMs: statTimeoutMs, repeat: true });
      return true;
    } catch (error) {
      if (error instanceof AppError && ["BLOB_NOT_FOUND", "BLOB_CORRUPT"].includes(error.reason)) return false;
      throw error;
    }
  }

  async function plan(header: CreateJobHeader, sources: readonly Source[], tenant: string): Promise<JobSpec> {
    const nowUnixMs = Date.now();
    const deadlineUnixMs = parseDeadline(header, nowUnixMs, jobDeadlineMs);
    const jobId = createJobId(nowUnixMs, randomBytes(16), { tenant, requestId: "" });
    return await planSpec(planning, { header, sources }, { jobId, tenant, nowUnixMs, deadlineUnixMs });
  }

  return async (request: WarmResultsRequest, { signal }: CallContext): Promise<WarmResultsResponse> => {
    const { header, pictures } = parseRequest(request);
    const tenant = callTenant();
    const sources = await findSources(known, tenant, pictures);
    const spec = await plan(header, sources, tenant);
    const record = await findStoredResults({ results, isStored }, spec, signal);
    const stored = storedOutputs(spec, record);
    const { outputs, missing } =
      request.dryRun || stored.length === 0 ? { outputs: stored, missing: [] } : await promote(bus, stored);
    return {
      steps: record.steps.map(({ id, state }) => ({ stepId: id, stored: state === StepState.SUCCEEDED })),
      outputs,
      complete: stored.length === spec.outputs.length,
      missing,
    };
  };
}

function parseRequest({ header, pictures }: WarmResultsRequest): { header: CreateJobHeader; pictures: Upload[] } {
  if (!header) throw expected("header", "set", "nothing");
  if (header.noCache) throw expected("header.no_cache", "false, because only cached results can be warmed", "true");
  if (header.refresh) throw expected("header.refresh", "false, because nothing is computed here", "true");
  if (pictures.length < 1 || pictures.length > maxPictures)
    throw expected("pictures", `1 to ${maxPictures} pictures`, `${pictures.length} pictures`);
  for (const [index, { sha256 }] of pictures.entries())
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw expected(`pictures[${index}].sha256`, "64 lower-case hex digits", sha256);
  return { header, pictures: pictures.map((each, index) => ({ ...each, name: each.name || toName(index) })) };
}

const toName = (index: number) => (index === 0 ? "source" : "");

/** Returns the pictures with their facts. Throws BLOB_NOT_FOUND as CreateJob does, so that it tells nothing about other tenants' pictures. */
async function findSources(
  known: Pick<KnownPictures, "findAll">,
  tenant: string,
  pictures: readonly Upload[],
): Promise<Source[]> {
  const found = await known.findAll(
    tenant,
    pictures.map(({ sha256 }) => sha256),
  );
  return pictures.map(({ name, sha256 }) => {
    const info = found.get(sha256)?.info;
    if (info) return { name, sha256, info };
    throw new AppError(
      "BLOB_NOT_FOUND",
      `No picture with the digest of \`${name}\` is known; run a job with its bytes`,
    );
  });
}

/** Returns the outputs whose steps have stored results. */
function storedOutputs(spec: JobSpec, record: JobRecord): WarmOutput[] {
  const ready = toJob(spec, record, 0).outputs.filter((output) => output.ready);
  return ready.map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes, copies: [] }));
}

/** Has every storage replica copy the outputs. A replica that does not answer in time is missing. */
async function promote(
  bus: Bus,
  outputs: readonly WarmOutput[],
): Promise<{ readonly outputs: WarmOutput[]; readonly missing: string[] }> {
  const sha256 = [...new Set(outputs.map((output) => output.sha256))];
  const listed = (await listServices(bus)).filter(({ service }) => service === "storage").slice(0, mostReplicas);
  const isFrom = (instance: string) => (answer: PromoteBlobsResponse) => answer.instance === instance;
  const answers = await gatherAnswers(bus, subject, PromoteBlobsResponse, {
    request: PromoteBlobsRequest.encode({ sha256 }).finish(),
    timeoutMs: promoteTimeoutMs,
    maxAnswers: mostReplicas,
    isComplete: (all) => listed.every(({ instance }) => all.some(isFrom(instance))),
  });
  const copiesOf = (wanted: string) =>
    answers.flatMap(({ instance, blobs }) => {
      const blob = blobs.find((each) => each.sha256 === wanted && each.reason === "");
      return blob ? [{ instance, tier: blob.tier, moved: blob.moved }] : [];
    });
  return {
    outputs: outputs.map((output) => ({ ...output, copies: copiesOf(output.sha256) })),
    missing: listed.map(({ instance }) => instance).filter((instance) => !answers.some(isFrom(instance))),
  };
}
