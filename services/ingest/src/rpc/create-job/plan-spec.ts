import type { PictureLimits } from "@pixelmesh/imaging";
import { autoModelUploads, lowerPriority, type MeasuredRates, planJob } from "@pixelmesh/pipeline";
import { type CreateJobHeader, type JobSpec, Priority, type Source } from "@pixelmesh/proto";
import type { CatalogueClient } from "../../adapters/catalogue-client.ts";
import type { LoadMonitor } from "../../admission/load-monitor.ts";
import type { OpenJobLimiter } from "../../admission/open-job-limiter.ts";
import type { MeasureCompressions } from "../../stores/compressions.ts";
import { type ExpandParts, expandHeader } from "./expand-header.ts";

/** Dependencies of `planSpec`. */
export type PlanParts = ExpandParts & {
  readonly catalogue: Pick<CatalogueClient, "forPipeline" | "remoteModels">;
  readonly limits: PictureLimits;
  readonly rates: MeasuredRates;
  readonly load: Pick<LoadMonitor, "read">;
  readonly measureCompressions: MeasureCompressions;
  readonly limiter: Pick<OpenJobLimiter, "openJobsOf">;
  /** From so many open jobs of a tenant on, its interactive jobs run as batch. */
  readonly interactivePerTenant: number;
};

/** The identity and times of a new job. */
export type JobIdentity = {
  readonly jobId: string;
  readonly tenant: string;
  readonly nowUnixMs: number;
  readonly deadlineUnixMs: number;
};

/** A request whose pictures are stored. */
export type PlannedRequest = {
  readonly header: CreateJobHeader;
  readonly sources: readonly Source[];
  /** The pictures as the request names them. Default: `sources`. */
  readonly requested?: readonly Source[];
};

/**
 * Plans a job: resolves its steps, degrades results under load if the caller allows it, and lowers the priority of a tenant with many
 * open jobs. Measures the pictures of upscales whose model is `auto`. Throws as `expandHeader`, `planJob` and `MeasureCompressions` do, and
 * SERVICE_UNAVAILABLE if the catalogue is unknown.
 */
export async function planSpec(
  parts: PlanParts,
  { header, sources, requested }: PlannedRequest,
  identity: JobIdentity,
): Promise<JobSpec> {
  const { catalogue, limits, rates, load, measureCompressions } = parts;
  const { pipeline, feature } = await expandHeader(parts, header);
  const measured = new Set(autoModelUploads(pipeline));
  const planned = planJob({
    ...identity,
    ...(requested ? { requested } : {}),
    ...(feature ? { feature } : {}),
    header,
    sources,
    catalogue: await catalogue.forPipeline(pipeline),
    compressions: await measureCompressions(sources.filter(({ name }) => measured.has(name))),
    limits: { maxOutputPixels: limits.maxOutputPixels, maxSidePx: limits.maxSidePx },
    rates,
    ...(header.allowDegraded ? { load: await load.read() } : {}),
  });
  return withFairPriority({ ...planned, limits }, parts);
}

/** Returns a job, whose place among the open jobs is reserved, with a lower priority if its tenant has many open jobs. */
export function withFairPriority(
  spec: JobSpec,
  { limiter, interactivePerTenant }: Pick<PlanParts, "limiter" | "interactivePerTenant">,
): JobSpec {
  // The job itself is reserved.
  const isCrowded = spec.priority === Priority.INTERACTIVE && limiter.openJobsOf(spec.tenant) > interactivePerTenant;
  return isCrowded ? lowerPriority(spec, `the tenant has ${interactivePerTenant} open jobs or more`) : spec;
}
