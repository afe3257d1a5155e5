import { toJobJson } from "@pixelmesh/json-views";
import type { Job } from "@pixelmesh/proto";
import type { TraceUrl } from "./trace-url.ts";

/** Converts a job to the JSON that the gateway sends: that of the command line, and `traceUrl` where traces have an address. */
export type JobView = (job: Job) => ReturnType<typeof toJobJson> & { readonly traceUrl?: string };

/** Creates the view of jobs. */
export function createJobView(traceUrl: TraceUrl): JobView {
  return (job) => {
    const url = traceUrl(job.traceId);
    return url === undefined ? toJobJson(job) : { ...toJobJson(job), traceUrl: url };
  };
}
