import { ROOT_CONTEXT, SamplingDecision } from "@opentelemetry/api";
import { type Sampler, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace";
import { createHeadSampler, type HeadSampler } from "./head-sampling.ts";
import { type TraceSettings, toSamplerRatio } from "./trace-settings.ts";

/**
 * Returns the head sampler that `OTEL_TRACES_SAMPLER` names, as OpenTelemetry's specification defines them: `parentbased_…` keeps the
 * decision of the caller, and `traceidratio` decides by the trace id, so that all processes decide alike. Tail sampling keeps failed and
 * slow traces besides, except with `…always_off`. Throws INVALID_ARGUMENT for a wrong `OTEL_TRACES_SAMPLER_ARG`.
 */
export function toHeadSampler(settings: TraceSettings): HeadSampler {
  const { sampler } = settings;
  if (sampler === "pixelmesh") return createHeadSampler(settings);
  const followsCaller = sampler.startsWith("parentbased_");
  if (sampler.endsWith("always_on")) return { followsCaller, hasTail: true, sample: () => true };
  if (sampler.endsWith("always_off")) return { followsCaller, hasTail: false, sample: () => false };
  const ratio = new TraceIdRatioBasedSampler(toSamplerRatio(settings));
  return { followsCaller, hasTail: true, sample: (traceId) => keeps(ratio, traceId) };
}

function keeps(sampler: Sampler, traceId: string): boolean {
  // The specification's ratio sampler decides by the trace id alone.
  const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId, "", 0, {}, []);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}
