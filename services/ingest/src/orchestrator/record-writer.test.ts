import { JobRecord, JobSpec, JobState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { createJobCache } from "../stores/job-cache.ts";
import { createRecordWriter, type RecordWriterParts } from "./record-writer.ts";

test("a job whose record is gone leaves the cache, so that its next event is not applied to it", async () => {
  const spec = JobSpec.fromPartial({ jobId: "job", steps: [{ step: { id: "fx" } }] });
  const record = JobRecord.fromPartial({ jobId: "job", state: JobState.RUNNING, steps: [{ id: "fx" }] });
  const job = { spec, record, revision: 1 };
  const cache = createJobCache();
  cache.set(job);
  const parts = {
    base: { metrics: { count() {} } },
    // Another process has removed the record: a write finds another revision, and a read finds nothing.
    store: { update: async () => undefined, find: async () => undefined },
    cache,
    onWritten() {},
  } as unknown as RecordWriterParts;
  const written = createRecordWriter(parts).write(job, [{ $case: "cancel" }]);
  await expect(written).rejects.toMatchObject({ reason: "JOB_NOT_FOUND" });
  expect(cache.get("job")).toBeUndefined();
});
