import type { Dashboard } from "../panel.ts";

/** Stored results and blobs. */
export const storage: Dashboard = {
  uid: "pixelmesh-storage",
  title: "Pixelmesh / Cache & storage",
  description: "How often work is answered from stored results, and what is stored.",
  rows: [
    {
      title: "Stored results",
      panels: [
        {
          title: "Hit rate",
          description: "Over 30 minutes. Joining a run that is under way counts as a hit.",
          unit: "percentunit",
          steps: [{ from: 0.5, color: "green" }],
          targets: [{ expr: "pixelmesh:cache_hit:ratio30m", legend: "{{cache}}" }],
        },
        {
          title: "Look-ups",
          description: "Per second, by result.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (cache, result) (rate(pixelmesh_cache_requests_total[$__rate_interval]))",
              legend: "{{cache}} {{result}}",
            },
          ],
        },
        {
          title: "Hit rate of what processes keep",
          description:
            "Specifications and catalogue in the memory of ingest, models in that of inference hosts, blobs that were stored already.",
          unit: "percentunit",
          targets: [
            {
              expr: 'sum by (tier) (rate(pixelmesh_cache_tier_requests_total{result="hit"}[30m])) / sum by (tier) (rate(pixelmesh_cache_tier_requests_total[30m]))',
              legend: "{{tier}}",
            },
          ],
        },
        {
          title: "Stored",
          description:
            "Bytes, by what they are to jobs; what is reserved for open jobs; the most that the store holds.",
          unit: "bytes",
          targets: [
            { expr: "sum by (kind) (pixelmesh_storage_bytes)", legend: "{{kind}}" },
            { expr: "sum(pixelmesh_storage_reserved_bytes)", legend: "reserved" },
            { expr: "sum(pixelmesh_storage_capacity_bytes)", legend: "capacity" },
          ],
        },
      ],
    },
    {
      title: "Room",
      panels: [
        {
          title: "Deleted",
          description:
            "Blobs per second whose time was over or that gave way, by kind. Outputs beside it mean that promises end early.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (kind) (rate(pixelmesh_storage_evictions_total[$__rate_interval]))",
              legend: "{{kind}}",
            },
          ],
        },
        {
          title: "Refused",
          description:
            "Calls per second that failed for want of room (full) or because the disk cannot be used (disk).",
          unit: "reqps",
          targets: [
            { expr: "sum by (why) (rate(pixelmesh_storage_refused_total[$__rate_interval]))", legend: "{{why}}" },
          ],
        },
        {
          title: "Steps that wait for the store",
          description: "Done, with their results kept in the worker.",
          unit: "short",
          targets: [{ expr: "sum by (job, instance) (pixelmesh_steps_waiting_for_storage)", legend: "{{instance}}" }],
        },
        {
          title: "Free on the disk",
          description: "Of the file system of the store.",
          unit: "bytes",
          targets: [{ expr: "sum by (instance) (pixelmesh_storage_free_bytes)", legend: "{{instance}}" }],
        },
      ],
    },
    {
      title: "Blobs",
      panels: [
        {
          title: "Calls of storage",
          description: "Per second, by method.",
          unit: "reqps",
          targets: [
            {
              expr: 'sum by (rpc_method) (rate(rpc_server_call_duration_seconds_count{rpc_method=~"pixelmesh.storage.*"}[$__rate_interval]))',
              legend: "{{rpc_method}}",
            },
          ],
        },
        {
          title: "Calls of storage, as callers see them",
          description: "p95 by caller, with connecting, TLS and the way there and back.",
          unit: "s",
          targets: [
            {
              expr: 'histogram_quantile(0.95, sum by (le, job, rpc_method) (rate(rpc_client_call_duration_seconds_bucket{rpc_method=~"pixelmesh.storage.*"}[$__rate_interval])))',
              legend: "{{job}} {{rpc_method}}",
            },
          ],
        },
        {
          title: "p95 of storage",
          description: "By method.",
          unit: "s",
          targets: [
            {
              expr: 'histogram_quantile(0.95, sum by (le, rpc_method) (rate(rpc_server_call_duration_seconds_bucket{rpc_method=~"pixelmesh.storage.*"}[$__rate_interval])))',
              legend: "{{rpc_method}}",
            },
          ],
        },
      ],
    },
  ],
};
