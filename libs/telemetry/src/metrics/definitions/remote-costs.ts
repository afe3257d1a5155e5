import type { Definition } from "./definition.ts";

/** Metrics of what hosted models cost. */
export const remoteCostMetrics = {
  pixelmesh_remote_cost_micros_total: {
    type: "counter",
    help: "Cost of calls of hosted models whose results ended jobs have, in millionths of the manifest's currency. Cached results cost nothing.",
    labels: { provider: "open", model: "open" },
    from: ["ingest"],
  },
  pixelmesh_remote_saved_micros_total: {
    type: "counter",
    help: "What the calls had cost whose cached results steps of ended jobs took, in millionths of the manifest's currency.",
    labels: { provider: "open", model: "open" },
    from: ["ingest"],
  },
  pixelmesh_remote_budget_used_ratio: {
    type: "gauge",
    help: "How much of today's budget (UTC) is spent or reserved, from 0 to 1, at the last change by this process. `tenant`: one that PIXELMESH_REMOTE_BUDGETS names, or `other` for the fullest of the others.",
    labels: { tenant: "open" },
    from: ["remote"],
  },
} as const satisfies Record<string, Definition>;
