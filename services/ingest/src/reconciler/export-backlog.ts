import { readBacklog } from "@pixelmesh/bus";
import { workerRoles } from "@pixelmesh/roles";
import type { ServiceBase } from "@pixelmesh/service";
import { createdUnixMsOf } from "../domain/job-id.ts";
import type { OpenJob } from "../stores/open-jobs.ts";

/** Exports the number and age of open jobs and queued work items. Only the replica that reconciles calls it, so nothing counts twice. */
export async function exportBacklog({ bus, metrics }: ServiceBase, open: readonly OpenJob[]): Promise<void> {
  const nowUnixMs = Date.now();
  const oldestUnixMs = open.reduce((oldest, { jobId }) => Math.min(oldest, createdUnixMsOf(jobId)), nowUnixMs);
  metrics.set("pixelmesh_open_jobs", {}, open.length);
  metrics.set("pixelmesh_job_oldest_active_age_seconds", {}, (nowUnixMs - oldestUnixMs) / 1000);
  for (const { queue, messages, oldestUnixMs: since } of await readBacklog(bus)) {
    metrics.set("pixelmesh_queue_messages", { queue }, messages);
    const waitedMs = since === 0 ? 0 : Math.max(0, nowUnixMs - since);
    metrics.set("pixelmesh_queue_oldest_wait_seconds", { queue }, waitedMs / 1000);
  }
}

/** Sets the exported values to 0, because another replica reconciles now. */
export function clearBacklog({ metrics }: ServiceBase): void {
  metrics.set("pixelmesh_open_jobs", {}, 0);
  metrics.set("pixelmesh_job_oldest_active_age_seconds", {}, 0);
  for (const queue of workerRoles) {
    metrics.set("pixelmesh_queue_messages", { queue }, 0);
    metrics.set("pixelmesh_queue_oldest_wait_seconds", { queue }, 0);
  }
}
