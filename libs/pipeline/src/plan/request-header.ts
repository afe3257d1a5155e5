import { expected } from "@pixelmesh/errors";
import {
  type CreateJobHeader,
  type FeatureRequest,
  type JobSpec,
  Pipeline,
  Priority,
  Quality,
  type Source,
} from "@pixelmesh/proto";
import { canonicalDigest } from "../values/canonical-json.ts";
import { canonicalEncoding } from "../values/encoding.ts";
import { normalizePipeline } from "./normalize-pipeline.ts";

/** Checks the fields of a job's header, except its pipeline. Throws INVALID_ARGUMENT with the field. */
export function assertHeader(header: CreateJobHeader): void {
  const { priority, quality, requestId, maxOutputPixels } = header;
  if (header.pipeline && header.feature) throw expected("feature", "left out beside a pipeline", header.feature.name);
  if (header.noCache && header.refresh)
    throw expected("refresh", "false with `no_cache`, which does not use the result cache", header.refresh);
  if (![0, Priority.INTERACTIVE, Priority.BATCH].includes(priority)) {
    throw expected("priority", "INTERACTIVE or BATCH", priority);
  }
  if (![0, Quality.AUTO, Quality.HIGH, Quality.BALANCED, Quality.FAST].includes(quality)) {
    throw expected("quality", "AUTO, HIGH, BALANCED or FAST", quality);
  }
  if (requestId.length > 128) throw expected("request_id", "at most 128 characters", `${requestId.length} characters`);
  if (!Number.isSafeInteger(maxOutputPixels) || maxOutputPixels < 0) {
    throw expected("max_output_pixels", "a whole number, 0 for the mesh's limit", maxOutputPixels);
  }
}

/** The priority with its default, INTERACTIVE, filled in. */
export function priorityOf(header: CreateJobHeader): Priority {
  return header.priority === Priority.UNSPECIFIED ? Priority.INTERACTIVE : header.priority;
}

/** The same job with priority BATCH, and a notice with the reason. */
export function lowerPriority(spec: JobSpec, why: string): JobSpec {
  const notice = { stepId: "", kind: "priority_lowered", text: `The job runs with priority batch: ${why}` };
  return { ...spec, priority: Priority.BATCH, notices: [...spec.notices, notice] };
}

/** The quality with its default, AUTO, filled in. */
export function qualityOf(header: CreateJobHeader): Quality {
  return header.quality === Quality.UNSPECIFIED ? Quality.AUTO : header.quality;
}

/**
 * sha256 of a request: its pipeline, the settings of its header except the request id, and its pictures by name and content. Two
 * requests with the same digest ask for the same job. Labels only describe a job, so they are left out. The digest does not depend on the catalogue, which may change before a retry.
 */
export function requestDigest(header: CreateJobHeader, sources: readonly Source[]): string {
  return canonicalDigest({
    pipeline: normalizePipeline(header.pipeline ?? Pipeline.create()),
    priority: priorityOf(header),
    quality: qualityOf(header),
    allowDegraded: header.allowDegraded,
    noCache: header.noCache,
    // Left out where it is not asked for: then the digest is that of earlier releases.
    refresh: header.refresh || undefined,
    feature: header.feature && featureOf(header.feature),
    maxOutputPixels: header.maxOutputPixels,
    sources: sources.map(({ name, sha256 }) => ({ name, sha256 })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  });
}

/** A request for a feature in a form that is equal for equal requests. */
function featureOf({ name, version, parameters, outputs }: FeatureRequest): unknown {
  const canonical = outputs.map((output) => ({ ...output, encoding: canonicalEncoding(output.encoding) }));
  return { name, version, parameters, outputs: canonical };
}
