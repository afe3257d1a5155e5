import { LRUCache } from "lru-cache";
import type { JobStore, StoredJob } from "./job-store.ts";

/** Which stored pictures a tenant may name by their digest: those that it has sent, and those that its jobs have made. */
export type KnownPictures = {
  /** A picture that the tenant has sent, or that a job of it has made. */
  note(tenant: string, sha256: string): void;
  /** Whether the tenant may use the picture. Whether it is stored is another question. */
  isKnown(tenant: string, sha256: string): Promise<boolean>;
};

/** What finding pictures needs. */
export type KnownPicturesParts = {
  readonly store: Pick<JobStore, "find">;
  /** Ids of a tenant's jobs, newest first, older than `before` (empty: from the newest); at most `limit`. */
  readonly jobIds: (tenant: string, before: string, limit: number) => Promise<readonly string[]>;
};

const remembered = 20_000;
/** Jobs that are looked through at most. */
const maxJobs = 1_000;
const pageSize = 100;

/**
 * Remembers the latest 20,000 pictures that this replica has seen; others are looked for in the tenant's latest 1,000 jobs, which
 * every replica can read. A picture that is older than those has to be sent again.
 */
export function createKnownPictures({ store, jobIds }: KnownPicturesParts): KnownPictures {
  const known = new LRUCache<string, true>({ max: remembered });
  const note = (tenant: string, sha256: string) => known.set(`${tenant}/${sha256}`, true);

  async function search(tenant: string, sha256: string): Promise<boolean> {
    let before = "";
    for (let looked = 0; looked < maxJobs; looked += pageSize) {
      const ids = await jobIds(tenant, before, pageSize);
      const jobs = await Promise.all(ids.map((id) => store.find(id).catch(() => undefined)));
      if (jobs.some((job) => job?.spec.tenant === tenant && digestsOf(job).has(sha256))) return true;
      if (ids.length < pageSize) return false;
      before = ids.at(-1) ?? "";
    }
    return false;
  }

  return {
    note,
    async isKnown(tenant, sha256) {
      if (known.get(`${tenant}/${sha256}`)) return true;
      const isFound = await search(tenant, sha256);
      if (isFound) note(tenant, sha256);
      return isFound;
    },
  };
}

/** Digests of the pictures that a job was sent and of the outputs that it has made. */
function digestsOf({ spec, record }: StoredJob): Set<string> {
  const made = record.steps.flatMap(({ result }) => result?.outputs ?? []);
  return new Set([...spec.sources.map(({ sha256 }) => sha256), ...made.map(({ blob }) => blob?.sha256 ?? "")]);
}
