import { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import type { OpenJobs } from "../stores/open-jobs.ts";
import { createOpenJobLimiter } from "./open-job-limiter.ts";

const listing = (tenants: readonly string[]) =>
  ({ list: async () => tenants.map((tenant, at) => ({ jobId: `job-${at}`, tenant })) }) as unknown as OpenJobs;

const refusal = { reason: "TOO_MANY_JOBS", retryAfterMs: expect.any(Number) };

test("a reservation counts at once: further jobs are refused, and a reserved job is not", async () => {
  const limiter = createOpenJobLimiter(listing(["a"]), { maxOpenJobs: 10, maxOpenJobsPerTenant: 3 });
  const reservations = [await limiter.reserve("a"), await limiter.reserve("a")];
  await expect(limiter.reserve("a")).rejects.toMatchObject(refusal);
  expect(limiter.openJobsOf("a")).toBe(3);
  reservations[0]?.cancel();
  reservations[0]?.cancel();
  const third = await limiter.reserve("a");
  await expect(limiter.reserve("a")).rejects.toMatchObject(refusal);
  third.confirm();
  third.cancel();
  expect(limiter.openJobsOf("a")).toBe(3);
  await expect(limiter.reserve("a")).rejects.toMatchObject(refusal);
  reservations[1]?.cancel();
  expect(limiter.openJobsOf("a")).toBe(2);
  await limiter.reserve("a");
});

test("a job that has ended counts no longer, also before the next count, and never below zero", async () => {
  const limiter = createOpenJobLimiter(listing(["a"]), { maxOpenJobs: 10, maxOpenJobsPerTenant: 2 });
  const reservation = await limiter.reserve("a");
  reservation.confirm();
  await expect(limiter.reserve("a")).rejects.toMatchObject(refusal);
  limiter.noteEnd("a");
  expect(limiter.openJobsOf("a")).toBe(1);
  (await limiter.reserve("a")).cancel();
  for (let at = 0; at < 3; at++) limiter.noteEnd("a");
  expect(limiter.openJobsOf("a")).toBe(0);
});

test("the limit of the mesh counts the jobs of all tenants", async () => {
  const limiter = createOpenJobLimiter(listing(["a", "b", "c"]), { maxOpenJobs: 4, maxOpenJobsPerTenant: 3 });
  await limiter.reserve("d");
  const error = await limiter.reserve("e").catch((error: unknown) => error);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject(refusal);
});
