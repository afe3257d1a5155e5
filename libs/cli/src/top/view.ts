import {
  type GetClusterResponse,
  type Job,
  type JobServiceGetStatsResponse,
  JobState,
  type Pixelmesh,
} from "@pixelmesh/client";
import { AppError } from "@pixelmesh/errors";

/** The content of one screen. */
export type MeshView = {
  readonly address: string;
  readonly atUnixMs: number;
  readonly cluster: GetClusterResponse;
  readonly stats: JobServiceGetStatsResponse;
  /** Running jobs of the tenant, newest first. */
  readonly jobs: readonly Job[];
};

/** Running jobs are searched among this many newest ones, and among those that hold a slot. */
const newestJobs = 100;
const mostSlotJobs = 20;

/** Reads the content of one screen from the mesh. Bounded for any size of the mesh. */
export async function takeView(client: Pixelmesh, signal: AbortSignal): Promise<MeshView> {
  const [cluster, stats, newest] = await Promise.all([
    client.cluster({ signal }),
    client.stats({ signal }),
    takeNewest(client, signal),
  ]);
  const known = new Set(newest.map(({ id }) => id));
  const others = [...new Set(cluster.slots.map(({ jobId }) => jobId))].filter((id) => id !== "" && !known.has(id));
  const older = await Promise.all(others.slice(0, mostSlotJobs).map((id) => findJob(client, id, signal)));
  const jobs = [...newest, ...older.flat()]
    .filter((job) => job.state === JobState.RUNNING)
    .sort((a, b) => b.createdUnixMs - a.createdUnixMs);
  return { address: client.address, atUnixMs: Date.now(), cluster, stats, jobs };
}

async function takeNewest({ jobs }: Pixelmesh, signal: AbortSignal): Promise<Job[]> {
  const newest: Job[] = [];
  for await (const job of jobs.list({ pageSize: newestJobs, signal })) {
    newest.push(job);
    if (newest.length === newestJobs) break;
  }
  return newest;
}

/** The job of a slot is not shown where it belongs to another tenant or to a direct call. */
async function findJob({ jobs }: Pixelmesh, id: string, signal: AbortSignal): Promise<Job[]> {
  try {
    return [await jobs.get(id, { signal })];
  } catch (error) {
    if (error instanceof AppError && error.reason === "JOB_NOT_FOUND") return [];
    throw error;
  }
}
