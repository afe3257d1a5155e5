import type { Row } from "../panel.ts";

const zeroBecause = "Without a shared store there are no tiers.";

/** The tiers of a store with a shared store below it: hot (memory), warm (disk of the replica), cold (shared). */
export const tierRow: Row = {
  title: "Tiers",
  panels: [
    {
      title: "Bytes by tier",
      description: "Hot: memory. Warm: disk of the replica. Cold: shared store. All are 0 without a shared store.",
      unit: "bytes",
      width: 6,
      targets: [{ expr: "sum by (tier) (pixelmesh_storage_tier_bytes)", legend: "{{tier}}" }],
    },
    {
      title: "Blobs by tier",
      description: "As the bytes by tier.",
      unit: "short",
      width: 6,
      targets: [{ expr: "sum by (tier) (pixelmesh_storage_tier_blobs)", legend: "{{tier}}" }],
    },
    {
      title: "Hit rate by tier",
      description: "Part of the reads of each tier that it served.",
      unit: "percentunit",
      width: 6,
      zeroBecause,
      targets: [
        {
          expr: 'sum by (tier) (rate(pixelmesh_storage_tier_reads_total{result="hit"}[$__rate_interval])) / (sum by (tier) (rate(pixelmesh_storage_tier_reads_total[$__rate_interval])) > 0)',
          legend: "{{tier}}",
        },
      ],
    },
    {
      title: "p95 of retrieval",
      description: "Time until the first byte of a read was ready, by the tier that served it.",
      unit: "s",
      width: 6,
      zeroBecause,
      targets: [
        {
          expr: "histogram_quantile(0.95, sum by (le, tier) (rate(pixelmesh_storage_retrieval_seconds_bucket[$__rate_interval]))) >= 0",
          legend: "{{tier}}",
        },
      ],
    },
    {
      title: "Promotions",
      description: "Blobs that were copied to a faster tier because they were read, per second.",
      unit: "cps",
      width: 6,
      targets: [
        { expr: "sum by (tier) (rate(pixelmesh_storage_promotions_total[$__rate_interval]))", legend: "{{tier}}" },
      ],
    },
    {
      title: "Age at eviction",
      description:
        "Median time since the last use of blobs that were evicted from a tier or expired there, over a day.",
      unit: "s",
      width: 6,
      zeroBecause: "Nothing is evicted from a store with space.",
      targets: [
        {
          expr: "histogram_quantile(0.5, sum by (le, tier) (increase(pixelmesh_storage_evicted_age_seconds_bucket[1d]))) >= 0",
          legend: "{{tier}}",
        },
      ],
    },
    {
      title: "Corrupt copies",
      description: "Copies with wrong bytes that were set aside, per hour, by tier.",
      unit: "short",
      width: 6,
      steps: [{ from: 1, color: "red" }],
      targets: [{ expr: "sum by (tier) (increase(pixelmesh_storage_corrupt_total[1h]))", legend: "{{tier}}" }],
    },
    {
      title: "Shared store",
      description: "Replicas for which it answers, and failed calls in 15 minutes, by reason.",
      unit: "short",
      width: 6,
      targets: [
        { expr: "sum(pixelmesh_storage_cold_up)", legend: "answers" },
        {
          expr: "sum by (reason) (increase(pixelmesh_storage_cold_failures_total[15m]))",
          legend: "failed: {{reason}}",
        },
      ],
    },
  ],
};
