import { type Bus, readJobEvents } from "@pixelmesh/bus";
import type { JobEvent, JobSpec } from "@pixelmesh/proto";

const maxEvents = 2_000;

/** Returns the first 2,000 events of a job in the log. A replica may hold one of them for up to a second without applying it. */
export const readJobLog = (bus: Bus, { jobId, createdUnixMs }: JobSpec): Promise<JobEvent[]> =>
  readJobEvents(bus, jobId, createdUnixMs, maxEvents);
