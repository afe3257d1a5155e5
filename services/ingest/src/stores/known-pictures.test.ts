import { JobRecord, JobSpec } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { StoredJob } from "./job-store.ts";
import { createKnownPictures } from "./known-pictures.ts";

/** Known pictures over given jobs, newest first, and the number of jobs read. */
function createPictures(jobs: readonly StoredJob[]) {
  const reads = { count: 0 };
  const pictures = createKnownPictures({
    store: {
      find: async (jobId) => {
        reads.count += 1;
        return jobs.find(({ spec }) => spec.jobId === jobId);
      },
    },
    async listJobIds(tenant, before, limit) {
      const own = jobs.filter(({ spec }) => spec.tenant === tenant).map(({ spec }) => spec.jobId);
      const start = before === "" ? 0 : own.indexOf(before) + 1;
      return own.slice(start, start + limit);
    },
  });
  return { pictures, reads };
}

const job = (tenant: string, at: number, sources: readonly string[], outputs: readonly string[] = []): StoredJob => ({
  spec: JobSpec.fromPartial({ jobId: `${tenant}-${at}`, tenant, sources: sources.map((sha256) => ({ sha256 })) }),
  record: JobRecord.fromPartial({ steps: [{ result: { outputs: outputs.map((sha256) => ({ blob: { sha256 } })) } }] }),
  revision: 1,
});

test("a tenant may name the sources and outputs of its own jobs, and no picture of another tenant", async () => {
  const { pictures } = createPictures([job("ann", 1, ["a"], ["made-of-a"]), job("bob", 2, ["b"])]);
  const known = async (tenant: string, ...digests: string[]) =>
    Promise.all(digests.map((sha256) => pictures.isKnown(tenant, sha256)));
  expect(await known("ann", "a", "made-of-a", "b", "never")).toEqual([true, true, false, false]);
  expect(await known("bob", "a", "made-of-a", "b")).toEqual([false, false, true]);
  pictures.add("bob", "a");
  expect(await known("bob", "a", "made-of-a")).toEqual([true, false]);
});

test("at most the latest 1,000 jobs are searched, and a found picture is cached", async () => {
  const jobs = Array.from({ length: 1_500 }, (_, at) => job("ann", at, [`picture-${at}`]));
  const { pictures, reads } = createPictures(jobs);
  expect(await pictures.isKnown("ann", "picture-999")).toBe(true);
  expect(reads.count).toBe(1_000);
  expect(await pictures.isKnown("ann", "picture-999")).toBe(true);
  expect(reads.count).toBe(1_000);
  expect(await pictures.isKnown("ann", "picture-1400")).toBe(false);
  expect(reads.count).toBe(2_000);
});
