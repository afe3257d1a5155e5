import { type Bus, readJobEvents } from "@pixelmesh/bus";
import type { JobEvent, JobSpec } from "@pixelmesh/proto";

const maxEvents = 2_000;

/** Every fact that the log has of a job, the first 2,000. A replica may hold one of them for a moment, unapplied. */
export const readJobLog = (bus: Bus, { jobId, createdUnixMs }: JobSpec): Promise<JobEvent[]> =>
  readJobEvents(bus, jobId, createdUnixMs, maxEvents);
