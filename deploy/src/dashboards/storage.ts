import type { Dashboard } from "../panel.ts";
import { resultCacheRow } from "./result-cache.ts";
import { tierRow } from "./storage-tiers.ts";

/** The result cache, other caches, and blobs. */
export const storage: Dashboard = {
  uid: "pixelmesh-storage",
  title: "Pixelmesh / Cache & storage",
  description: "Hit rates of caches; size and health of the store.",
  rows: [
    {
      title: "Caches",
      panels: [
        {
          title: "Hit rate",
          description: "Of the result cache, over 30 minutes. A coalesced step counts as a hit.",
          unit: "percentunit",
          below: "red",
          steps: [{ from: 0.5, color: "green" }],
          zeroBecause: "Without look-ups there is no rate.",
          targets: [{ expr: "pixelmesh:cache_hit:ratio30m >= 0", legend: "{{cache}}" }],
        },
        {
          title: "Look-ups",
          description: "In the result cache per second, by result.",
          unit: "cps",
          targets: [
            {
              expr: "sum by (cache, result) (rate(pixelmesh_cache_requests_total[$__rate_interval]))",
              legend: "{{cache}} {{result}}",
            },
          ],
        },
        {
          title: "Hit rate of the caches of processes",
          description:
            "Specifications and catalogue in the memory of ingest, models in that of inference hosts, blobs on the disk of storage.",
          unit: "percentunit",
          zeroBecause: "Without look-ups there is no rate.",
          targets: [
            {
              expr: 'sum by (tier) (rate(pixelmesh_cache_tier_requests_total{result="hit"}[30m])) / (sum by (tier) (rate(pixelmesh_cache_tier_requests_total[30m])) > 0)',
              legend: "{{tier}}",
            },
          ],
        },
        {
          title: "Stored",
          description: "Bytes by kind of blob, bytes reserved for open jobs, and capacity.",
          unit: "bytes",
          targets: [
            { expr: "sum by (kind) (pixelmesh_storage_bytes)", legend: "{{kind}}" },
            { expr: "sum(pixelmesh_storage_reserved_bytes)", legend: "reserved" },
            { expr: "sum(pixelmesh_storage_capacity_bytes)", legend: "capacity" },
          ],
        },
      ],
    },
    resultCacheRow,
    {
      title: "Capacity",
      panels: [
        {
          title: "Deleted",
          description:
            "Blobs per second that expired or were evicted, by kind. Evicted outputs end before their retention time.",
          unit: "cps",
          targets: [
            {
              expr: "sum by (kind) (rate(pixelmesh_storage_evictions_total[$__rate_interval]))",
              legend: "{{kind}}",
            },
          ],
        },
        {
          title: "Refused",
          description: "Calls per second that were refused without free space (full) or without a working disk (disk).",
          unit: "reqps",
          targets: [
            { expr: "sum by (reason) (rate(pixelmesh_storage_refused_total[$__rate_interval]))", legend: "{{reason}}" },
          ],
        },
        {
          title: "Steps that wait for the store",
          description: "Finished steps whose results are still in the worker.",
          unit: "short",
          targets: [
            {
              expr: "sum by (service) (pixelmesh_steps_waiting_for_storage * on (namespace, job, instance) group_left (service) pixelmesh_build_info)",
              legend: "{{service}}",
            },
          ],
        },
        {
          title: "Free space on the disk",
          description: "Of the file system of the store.",
          unit: "bytes",
          targets: [{ expr: "sum by (instance) (pixelmesh_storage_free_bytes)", legend: "{{instance}}" }],
        },
      ],
    },
    tierRow,
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
          description: "p95 by caller, including connection, TLS and network.",
          unit: "s",
          targets: [
            {
              expr: 'histogram_quantile(0.95, sum by (le, service, rpc_method) (rate(rpc_client_call_duration_seconds_bucket{rpc_method=~"pixelmesh.storage.*"}[$__rate_interval]) * on (namespace, job, instance) group_left (service) pixelmesh_build_info))',
              legend: "{{service}} {{rpc_method}}",
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
