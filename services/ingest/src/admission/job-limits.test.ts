import { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import type { OpenJobs } from "../stores/open-jobs.ts";
import { createAdmission } from "./job-limits.ts";

const listing = (tenants: readonly string[]) =>
  ({ list: async () => tenants.map((tenant, at) => ({ jobId: `job-${at}`, tenant })) }) as unknown as OpenJobs;

const refusal = { reason: "TOO_MANY_JOBS", retryAfterMs: expect.any(Number) };

test("a job on its way in has its place: others are refused at once, and no job is refused after it was let in", async () => {
  const admission = createAdmission(listing(["a"]), { maxOpenJobs: 10, maxOpenJobsPerTenant: 3 });
  const places = [await admission.enter("a"), await admission.enter("a")];
  await expect(admission.enter("a")).rejects.toMatchObject(refusal);
  expect(admission.openOf("a")).toBe(1);
  places[0]?.giveBack();
  places[0]?.giveBack();
  const third = await admission.enter("a");
  await expect(admission.enter("a")).rejects.toMatchObject(refusal);
  third.keep();
  third.giveBack();
  expect(admission.openOf("a")).toBe(2);
  await expect(admission.enter("a")).rejects.toMatchObject(refusal);
  places[1]?.giveBack();
  await admission.enter("a");
});

test("the mesh's bound counts jobs of all tenants", async () => {
  const admission = createAdmission(listing(["a", "b", "c"]), { maxOpenJobs: 4, maxOpenJobsPerTenant: 3 });
  await admission.enter("d");
  const error = await admission.enter("e").catch((error: unknown) => error);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject(refusal);
});
