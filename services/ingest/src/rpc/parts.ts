import type { PictureLimits } from "@pixelmesh/imaging";
import type { RateBook } from "@pixelmesh/pipeline";
import type { ByteBudget } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";
import type { BlobClient, Results } from "@pixelmesh/worker";
import type { CatalogueSource } from "../adapters/catalogue-client.ts";
import type { StoreRoom } from "../admission/bucket-space.ts";
import type { Admission } from "../admission/job-limits.ts";
import type { LoadWatch } from "../admission/load-monitor.ts";
import type { StatsBook } from "../domain/stats-book.ts";
import type { JobIndex } from "../listing/job-index.ts";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { KnownPictures } from "../stores/known-pictures.ts";
import type { OpenJobs } from "../stores/open-jobs.ts";
import type { Watchers } from "../watch/watchers.ts";

/** What the handlers of the job service share. */
export type JobParts = {
  readonly base: ServiceBase;
  readonly store: JobStore;
  readonly index: JobIndex;
  readonly pictures: KnownPictures;
  readonly orchestrator: Orchestrator;
  readonly open: OpenJobs;
  readonly admission: Admission;
  readonly room: StoreRoom;
  readonly watchers: Watchers;
  readonly catalogue: CatalogueSource;
  readonly blobs: BlobClient;
  readonly results: Results;
  readonly uploads: ByteBudget;
  readonly downloads: ByteBudget;
  readonly limits: PictureLimits;
  readonly rates: RateBook;
  readonly load: LoadWatch;
  readonly stats: StatsBook;
  /** Tokens of callers that may see what belongs to any tenant; undefined: there are none. */
  readonly operators: Tokens | undefined;
  readonly interactivePerTenant: number;
  readonly jobDeadlineMs: number;
  readonly outputLifeMs: number;
};
