import { ErrorReason, ImageInfo, JobRecord, JobSpec } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { StoredJob } from "./job-store.ts";
import { createKnownPictures } from "./known-pictures.ts";
import type { UploadedPicture } from "./uploads.ts";

/** Known pictures over given jobs, newest first, and the number of jobs read. */
function createPictures(jobs: readonly StoredJob[]) {
  const reads = { count: 0 };
  const sent = new Map<string, UploadedPicture>();
  const pictures = createKnownPictures({
    uploads: {
      add: async (tenant, sha256, upload) => void sent.set(`${tenant}/${sha256}`, upload),
      find: async (tenant, sha256) => sent.get(`${tenant}/${sha256}`),
      remove: async (tenant, sha256) => void sent.delete(`${tenant}/${sha256}`),
    },
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

test("many digests take one search of the jobs, and uploads without a job are known with the facts of their headers", async () => {
  const jobs = Array.from({ length: 300 }, (_, at) => job("ann", at, [`picture-${at}`]));
  const { pictures, reads } = createPictures(jobs);
  const info = ImageInfo.fromPartial({ widthPx: 7, heightPx: 5 });
  await pictures.addUpload("ann", "upload", { info });
  const asked = ["upload", "upload", "never", ...Array.from({ length: 250 }, (_, at) => `picture-${at}`)];
  const found = await pictures.findAll("ann", asked);
  expect([...found.keys()].sort()).toEqual([...new Set(asked)].filter((digest) => digest !== "never").sort());
  expect(found.get("upload")).toEqual({ info });
  expect(reads.count).toBe(300);
  expect((await pictures.findAll("bob", ["upload"])).size).toBe(0);
});

test("a refused picture is found with its error, and may not be used", async () => {
  const { pictures } = createPictures([]);
  const error = { reason: ErrorReason.IMAGE_CORRUPT, message: "no picture", stepId: "" };
  await pictures.addUpload("ann", "bad", { error });
  expect((await pictures.findAll("ann", ["bad"])).get("bad")).toEqual({ error });
  expect(await pictures.isKnown("ann", "bad")).toBe(false);
  await pictures.addUpload("ann", "bad", { info: ImageInfo.fromPartial({ widthPx: 1 }) });
  expect(await pictures.isKnown("ann", "bad")).toBe(true);
});

test("whether a picture must be sent is decided without a search, and by the tenant's own pictures alone", async () => {
  const { pictures, reads } = createPictures([job("ann", 1, ["of-a-job"])]);
  const info = ImageInfo.fromPartial({ widthPx: 7 });
  pictures.add("ann", "with-a-job", info);
  await pictures.addUpload("ann", "alone", { info });
  await pictures.addUpload("ann", "bad", { error: { reason: ErrorReason.IMAGE_CORRUPT, message: "", stepId: "" } });
  const sent = (tenant: string) =>
    Promise.all(["with-a-job", "alone", "of-a-job", "bad"].map((sha256) => pictures.findSent(tenant, sha256)));
  expect(await sent("ann")).toEqual([info, info, undefined, undefined]);
  expect(await sent("bob")).toEqual([undefined, undefined, undefined, undefined]);
  expect(reads.count).toBe(0);
});

test("a forgotten picture must be sent again, on every replica", async () => {
  const { pictures } = createPictures([]);
  await pictures.addUpload("ann", "gone", { info: ImageInfo.fromPartial({ widthPx: 7 }) });
  await pictures.addUpload("bob", "gone", { info: ImageInfo.fromPartial({ widthPx: 7 }) });
  await pictures.forget("ann", "gone");
  expect(await pictures.findSent("ann", "gone")).toBeUndefined();
  expect(await pictures.isKnown("ann", "gone")).toBe(false);
  expect(await pictures.isKnown("bob", "gone")).toBe(true);
});
