import { JobRecord, JobSpec } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { createRecentRecords } from "./recent-records.ts";

const job = (jobId: string, revision = 1) => ({
  spec: JobSpec.fromPartial({ jobId }),
  record: JobRecord.fromPartial({ jobId }),
  revision,
});

test("a record is found for half a second", () => {
  let nowMs = 0;
  const records = createRecentRecords(() => nowMs);
  records.add(job("a"));
  nowMs = 400;
  records.add(job("b"));
  expect(records.find("a")).toMatchObject({ job: job("a"), writtenMs: 0 });
  nowMs = 500;
  expect(records.find("a")).toBeUndefined();
  expect(records.find("b")).toMatchObject({ writtenMs: 400 });
  records.add(job("b", 2));
  nowMs = 950;
  expect(records.find("b")?.job.revision).toBe(2);
});

test("a record is forgotten when another replica has written a newer one, or one of unknown revision", () => {
  const records = createRecentRecords(() => 0);
  records.add(job("a", 5));
  records.outdate("a", 5);
  expect(records.find("a")?.job.revision).toBe(5);
  records.outdate("a", 6);
  expect(records.find("a")).toBeUndefined();
  records.add(job("a", 7));
  records.outdate("a", 0);
  expect(records.find("a")).toBeUndefined();
});

test("at most 1,000 records are kept, the latest", () => {
  const records = createRecentRecords(() => 0);
  for (let at = 0; at < 1_500; at++) records.add(job(`j${at}`));
  expect(records.find("j499")).toBeUndefined();
  expect(records.find("j500")).toBeDefined();
  expect(records.find("j1499")).toBeDefined();
});
