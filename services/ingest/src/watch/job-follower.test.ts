import { JobRecord, JobSpec, JobState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { StoredJob } from "../stores/job-store.ts";
import { followJob } from "./job-follower.ts";

const jobAt = (revision: number, state: JobState = JobState.RUNNING): StoredJob => ({
  spec: JobSpec.create(),
  record: JobRecord.fromPartial({ state }),
  revision,
});

function follow(first: StoredJob) {
  const stored = { job: first, reads: 0 };
  const ending = new AbortController();
  const read = async () => {
    stored.reads += 1;
    return stored.job;
  };
  return { stored, ending, follower: followJob(read, ending.signal) };
}

test("a record that this replica wrote is used without a read, and its signal changes nothing", async () => {
  const { stored, follower } = follow(jobAt(1));
  expect((await follower.read()).revision).toBe(1);
  follower.update({ $case: "written", job: jobAt(2) });
  follower.update({ $case: "changed", revision: 2 });
  await follower.wait();
  expect((await follower.read()).revision).toBe(2);
  expect(stored.reads).toBe(1);
});

test("a change by another replica is read, even if its revision is unknown", async () => {
  const { stored, follower } = follow(jobAt(1));
  await follower.read();
  for (const [revision, signalled] of [
    [5, 5],
    [9, 0],
  ] as const) {
    stored.job = jobAt(revision);
    follower.update({ $case: "changed", revision: signalled });
    await follower.wait();
    expect((await follower.read()).revision).toBe(revision);
  }
  expect(stored.reads).toBe(3);
});

test("a record that arrives during a read is not replaced by the older one that was read", async () => {
  const { follower } = follow(jobAt(1));
  const reading = follower.read();
  follower.update({ $case: "written", job: jobAt(3, JobState.SUCCEEDED) });
  expect((await reading).revision).toBe(3);
});

test("the job's end ends a wait at once, and an abort throws its reason", async () => {
  const { ending, follower } = follow(jobAt(1));
  await follower.read();
  const waiting = follower.wait();
  follower.update({ $case: "written", job: jobAt(2, JobState.SUCCEEDED) });
  await waiting;
  expect((await follower.read()).record.state).toBe(JobState.SUCCEEDED);
  const last = expect(follower.wait()).rejects.toThrow("gone");
  ending.abort(new Error("gone"));
  await last;
});
