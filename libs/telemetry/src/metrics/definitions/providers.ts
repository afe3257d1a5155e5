import { type Definition, jobSeconds } from "./definition.ts";

/** How a call of a hosted model ended; `busy`: the provider takes no calls for a while. */
const outcomes = ["succeeded", "failed", "refused", "busy", "cancelled"] as const;

/** Metrics of hosted models and their providers. */
export const providerMetrics = {
  pixelmesh_provider_calls: {
    type: "gauge",
    help: "Calls that a provider of hosted models has at once.",
    labels: { provider: "open", work_class: "open" },
    from: ["scheduler"],
  },
  pixelmesh_provider_call_limit: {
    type: "gauge",
    help: "Most calls that a provider takes at once.",
    labels: { provider: "open", work_class: "open" },
    from: ["scheduler"],
  },
  pixelmesh_provider_closed_seconds: {
    type: "gauge",
    help: "How long a provider gets no calls from now: a rate limit, or too many failures. 0: it is open.",
    labels: { provider: "open" },
    from: ["scheduler"],
  },
  pixelmesh_provider_requests_total: {
    type: "counter",
    help: "Calls of hosted models that ended, by outcome. `refused`: for their content or settings; `busy`: a rate limit or quota.",
    labels: { provider: "open", model: "open", outcome: outcomes },
    from: ["remote"],
  },
  pixelmesh_provider_call_seconds: {
    type: "histogram",
    help: "Time of a call of a hosted model that succeeded, from its start to the provider's answer.",
    labels: { provider: "open", model: "open" },
    from: ["remote"],
    buckets: jobSeconds,
  },
  pixelmesh_provider_closings_total: {
    type: "counter",
    help: "How often a provider was closed, by cause.",
    labels: { provider: "open", cause: ["rate_limit", "failures"] },
    from: ["remote"],
  },
  pixelmesh_predictions_resumed_total: {
    type: "counter",
    help: "Predictions of hosted models that a worker took over after the end of another worker or attempt.",
    labels: { provider: "open" },
    from: ["remote"],
  },
  pixelmesh_predictions_orphaned_total: {
    type: "counter",
    help: "Predictions of jobs that had ended: they were cancelled at the provider and removed.",
    labels: { provider: "open" },
    from: ["remote"],
  },
} as const satisfies Readonly<Record<string, Definition>>;
