import { type Definition, operations } from "./definition.ts";

const outcomes = ["hit", "coalesced", "miss", "bypassed"] as const;
/** Bucket edges in seconds from a step's inputs being ready to its cached result. */
const retrievalSeconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;

/** Metrics of the result cache by operation and by effect. They are counted when jobs end, each step once. */
export const resultMetrics = {
  pixelmesh_result_requests_total: {
    type: "counter",
    help: "Succeeded steps of ended jobs, by their use of the result cache. `hit`: stored before; `coalesced`: made by an equal step meanwhile; `miss`: looked up, then computed; `bypassed`: computed without a look-up (`no_cache`, `refresh`).",
    labels: { operation: operations, result: outcomes },
    from: ["ingest"],
  },
  pixelmesh_result_saved_seconds_total: {
    type: "counter",
    help: "Run time of the cached results that steps of ended jobs took.",
    labels: { operation: operations },
    from: ["ingest"],
  },
  pixelmesh_result_cached_bytes_total: {
    type: "counter",
    help: "Bytes of the blobs that ended jobs took from cached results.",
    labels: { operation: operations },
    from: ["ingest"],
  },
  pixelmesh_result_retrieval_seconds: {
    type: "histogram",
    help: "Time from a step's inputs being ready to its result, of hits.",
    labels: { operation: operations },
    from: ["ingest"],
    buckets: retrievalSeconds,
  },
  pixelmesh_results_lost_total: {
    type: "counter",
    help: "Stored results that were found without one of their blobs. Their steps ran again.",
    labels: { operation: operations },
    from: ["ingest"],
  },
  pixelmesh_effect_requests_total: {
    type: "counter",
    help: "Succeeded steps of ended jobs whose chain has the effect, as pixelmesh_result_requests_total. A chain counts once for each of its effects.",
    labels: { effect: "open", result: outcomes },
    from: ["ingest"],
  },
  pixelmesh_effect_saved_seconds_total: {
    type: "counter",
    help: "Run time of the cached chains that have the effect: that of the whole chain, so effects cannot be added.",
    labels: { effect: "open" },
    from: ["ingest"],
  },
} as const satisfies Record<string, Definition>;
