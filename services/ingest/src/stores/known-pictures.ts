import type { ImageInfo } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";
import { inParallel } from "../domain/in-parallel.ts";
import type { JobStore, StoredJob } from "./job-store.ts";
import type { UploadedPicture, Uploads } from "./uploads.ts";

/** A picture that a tenant may name, with the facts of its header if they are known; or one that the mesh has refused, with the error. */
export type KnownPicture = UploadedPicture;

/** The stored pictures that a tenant may name by digest: those that it sent, and those that its jobs made. */
export type KnownPictures = {
  /** Adds a picture that the tenant sent or that one of its jobs made. */
  add(tenant: string, sha256: string, info?: ImageInfo): void;
  /** Adds a picture that the tenant sent without a job, for all replicas and for an hour. Throws QUEUE_FULL after too many of them. */
  addUpload(tenant: string, sha256: string, upload: UploadedPicture): Promise<void>;
  /** Whether the tenant may use the picture. Does not check that the picture is still stored. */
  isKnown(tenant: string, sha256: string): Promise<boolean>;
  /** Returns those of the digests that the tenant may use, or that were refused, with one search of its jobs for all of them. */
  findAll(tenant: string, digests: Iterable<string>): Promise<Map<string, KnownPicture>>;
  /** Returns the picture if the tenant may use it, as `isKnown`. Does not check that it is still stored. */
  find(tenant: string, sha256: string): Promise<KnownPicture | undefined>;
  /**
   * Returns the facts of a picture that the tenant has sent; undefined: it must be sent. Reads the cache and the uploads without a job, and never searches
   * the jobs, so that a client may ask for each picture that it is about to send.
   */
  findSent(tenant: string, sha256: string): Promise<ImageInfo | undefined>;
  /**
   * Forgets a picture that is no longer stored. Otherwise a tenant could learn from a later answer that another one has sent it since. The pictures of
   * its jobs are found again by a search.
   */
  forget(tenant: string, sha256: string): Promise<void>;
};

/** Dependencies of `createKnownPictures`. */
export type KnownPicturesParts = {
  readonly store: Pick<JobStore, "find">;
  readonly uploads: Uploads;
  /** Returns at most `limit` ids of a tenant's jobs that are older than `before` (empty: from the newest), newest first. */
  readonly listJobIds: (tenant: string, before: string, limit: number) => Promise<readonly string[]>;
};

const maxPictures = 20_000;
/** At most so many jobs are searched. */
const maxJobs = 1_000;
const pageSize = 100;
const concurrency = 16;

/**
 * Caches the latest 20,000 pictures of this replica. Searches for others among the uploads without a job, then in the tenant's latest 1,000
 * jobs; every replica can read both. An older picture must be sent again.
 */
export function createKnownPictures({ store, uploads, listJobIds }: KnownPicturesParts): KnownPictures {
  const known = new LRUCache<string, KnownPicture>({ max: maxPictures });
  const keyOf = (tenant: string, sha256: string) => `${tenant}/${sha256}`;

  function add(tenant: string, sha256: string, info?: ImageInfo): void {
    const key = keyOf(tenant, sha256);
    known.set(key, info ? { info } : (known.get(key) ?? {}));
  }

  /** Moves the digests that occur in the tenant's jobs from `wanted` to `found`. */
  async function searchJobs(tenant: string, wanted: Set<string>, found: Map<string, KnownPicture>): Promise<void> {
    let before = "";
    for (let searched = 0; searched < maxJobs && wanted.size > 0; searched += pageSize) {
      const ids = await listJobIds(tenant, before, pageSize);
      const jobs = await Promise.all(ids.map((id) => store.find(id).catch(() => undefined)));
      for (const job of jobs) {
        if (job?.spec.tenant !== tenant) continue;
        for (const [sha256, info] of picturesOf(job)) if (wanted.delete(sha256)) found.set(sha256, { info });
      }
      if (ids.length < pageSize) return;
      before = ids.at(-1) ?? "";
    }
  }

  async function findAll(tenant: string, digests: Iterable<string>): Promise<Map<string, KnownPicture>> {
    const found = new Map<string, KnownPicture>();
    const wanted = new Set<string>();
    await inParallel(new Set(digests), concurrency, async (sha256) => {
      const cached = known.get(keyOf(tenant, sha256));
      const picture = cached?.info ? cached : ((await uploads.find(tenant, sha256)) ?? cached);
      if (picture) found.set(sha256, picture);
      else wanted.add(sha256);
    });
    await searchJobs(tenant, wanted, found);
    for (const [sha256, { info, error }] of found) if (!error) add(tenant, sha256, info);
    return found;
  }

  async function find(tenant: string, sha256: string): Promise<KnownPicture | undefined> {
    const cached = known.get(keyOf(tenant, sha256));
    if (cached) return cached;
    const found = (await findAll(tenant, [sha256])).get(sha256);
    return found?.error ? undefined : found;
  }

  return {
    add,
    async addUpload(tenant, sha256, upload) {
      await uploads.add(tenant, sha256, upload);
      if (!upload.error) add(tenant, sha256, upload.info);
    },
    isKnown: async (tenant, sha256) => (await find(tenant, sha256)) !== undefined,
    findAll,
    find,
    findSent: async (tenant, sha256) =>
      known.get(keyOf(tenant, sha256))?.info ?? (await uploads.find(tenant, sha256))?.info,
    async forget(tenant, sha256) {
      known.delete(keyOf(tenant, sha256));
      await uploads.remove(tenant, sha256);
    },
  };
}

/** Returns the digests of a job's sources and outputs, with the facts of its sources. */
function picturesOf({ spec, record }: StoredJob): Map<string, ImageInfo | undefined> {
  const made = record.steps.flatMap(({ result }) => result?.outputs ?? []);
  return new Map([
    ...made.map(({ blob }) => [blob?.sha256 ?? "", undefined] as const),
    ...spec.sources.map(({ sha256, info }) => [sha256, info] as const),
  ]);
}
