import { join } from "node:path";
import type { ServiceBase } from "@pixelmesh/service";
import type { WorkerParts } from "@pixelmesh/worker";
import { type JobIndex, openJobIndex } from "./listing/job-index.ts";
import { allJobsOf } from "./listing/job-query.ts";
import { createJobTable } from "./listing/job-table.ts";
import { type JobStore, openJobStore, type StoredJob } from "./stores/job-store.ts";
import { createKnownPictures, type KnownPictures } from "./stores/known-pictures.ts";
import { type OpenJobs, openOpenJobs } from "./stores/open-jobs.ts";
import { createSmallPictures, type SmallPictures } from "./stores/small-pictures.ts";
import { openUploads } from "./stores/uploads.ts";
import { openWaiters, type Waiters } from "./stores/waiters.ts";
import { openWatchers, type Watchers } from "./watch/watchers.ts";

/** What a replica stores and knows of jobs. */
export type Stores = {
  readonly store: JobStore;
  readonly open: OpenJobs;
  readonly waiters: Waiters;
  readonly index: JobIndex;
  readonly watchers: Watchers;
  readonly pictures: KnownPictures;
  readonly smallPictures: SmallPictures;
  /** Passes a record that this replica wrote to its watchers and its index. */
  readonly onWritten: (job: StoredJob) => void;
};

/** Opens the buckets of jobs, the index and the watchers; the lifecycle closes them. The index lies in the scratch directory. */
export async function openStores({ bus, life }: ServiceBase, scratch: WorkerParts["scratch"]): Promise<Stores> {
  const store = await openJobStore(bus);
  const [open, waiters, watchers] = await Promise.all([openOpenJobs(bus), openWaiters(bus), openWatchers(bus, store)]);
  life.defer("watchers", watchers.close);
  let tables = 0;
  const index = openJobIndex({
    bus,
    store,
    createTable: async () => createJobTable(join(await scratch.directory(), `jobs-${tables++}.db`)),
  });
  life.defer("index of jobs", index.close);
  const pictures = createKnownPictures({
    store,
    uploads: await openUploads(bus),
    async listJobIds(tenant, before, limit) {
      await index.ready();
      return index.page(allJobsOf(tenant), before, limit).rows.map(({ jobId }) => jobId);
    },
  });
  return {
    store,
    open,
    waiters,
    index,
    watchers,
    pictures,
    smallPictures: createSmallPictures(Math.min(...Object.values(bus.bounds.work))),
    onWritten(job) {
      watchers.update(job);
      index.update(job);
    },
  };
}
