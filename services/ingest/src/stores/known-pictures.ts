import { LRUCache } from "lru-cache";
import type { JobStore, StoredJob } from "./job-store.ts";

/** The stored pictures that a tenant may name by digest: those that it sent, and those that its jobs made. */
export type KnownPictures = {
  /** Adds a picture that the tenant sent or that one of its jobs made. */
  add(tenant: string, sha256: string): void;
  /** Whether the tenant may use the picture. Does not check that the picture is still stored. */
  isKnown(tenant: string, sha256: string): Promise<boolean>;
};

/** Dependencies of `createKnownPictures`. */
export type KnownPicturesParts = {
  readonly store: Pick<JobStore, "find">;
  /** Returns at most `limit` ids of a tenant's jobs that are older than `before` (empty: from the newest), newest first. */
  readonly listJobIds: (tenant: string, before: string, limit: number) => Promise<readonly string[]>;
};

const maxPictures = 20_000;
/** At most so many jobs are searched. */
const maxJobs = 1_000;
const pageSize = 100;

/**
 * Caches the latest 20,000 pictures of this replica and searches for others in the tenant's latest 1,000 jobs, which every replica
 * can read. An older picture must be sent again.
 */
export function createKnownPictures({ store, listJobIds }: KnownPicturesParts): KnownPictures {
  const known = new LRUCache<string, true>({ max: maxPictures });
  const add = (tenant: string, sha256: string) => known.set(`${tenant}/${sha256}`, true);

  async function search(tenant: string, sha256: string): Promise<boolean> {
    let before = "";
    for (let searched = 0; searched < maxJobs; searched += pageSize) {
      const ids = await listJobIds(tenant, before, pageSize);
      const jobs = await Promise.all(ids.map((id) => store.find(id).catch(() => undefined)));
      if (jobs.some((job) => job?.spec.tenant === tenant && digestsOf(job).has(sha256))) return true;
      if (ids.length < pageSize) return false;
      before = ids.at(-1) ?? "";
    }
    return false;
  }

  return {
    add,
    async isKnown(tenant, sha256) {
      if (known.get(`${tenant}/${sha256}`)) return true;
      const isFound = await search(tenant, sha256);
      if (isFound) add(tenant, sha256);
      return isFound;
    },
  };
}

/** Returns the digests of a job's sources and outputs. */
function digestsOf({ spec, record }: StoredJob): Set<string> {
  const made = record.steps.flatMap(({ result }) => result?.outputs ?? []);
  return new Set([...spec.sources.map(({ sha256 }) => sha256), ...made.map(({ blob }) => blob?.sha256 ?? "")]);
}
