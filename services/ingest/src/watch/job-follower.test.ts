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
  return { stored, ending, followed: followJob(read, ending.signal) };
}

test("what this replica wrote is shown without a read, and its own signal changes nothing", async () => {
  const { stored, followed } = follow(jobAt(1));
  expect((await followed.look()).revision).toBe(1);
  followed.hear({ $case: "written", job: jobAt(2) });
  followed.hear({ $case: "changed", revision: 2 });
  await followed.wait();
  expect((await followed.look()).revision).toBe(2);
  expect(stored.reads).toBe(1);
});

test("a change by another replica is read, also one whose revision is not known", async () => {
  const { stored, followed } = follow(jobAt(1));
  await followed.look();
  for (const [revision, told] of [
    [5, 5],
    [9, 0],
  ] as const) {
    stored.job = jobAt(revision);
    followed.hear({ $case: "changed", revision: told });
    await followed.wait();
    expect((await followed.look()).revision).toBe(revision);
  }
  expect(stored.reads).toBe(3);
});

test("what is told while the record is read is not shown older afterwards", async () => {
  const { followed } = follow(jobAt(1));
  const looking = followed.look();
  followed.hear({ $case: "written", job: jobAt(3, JobState.SUCCEEDED) });
  expect((await looking).revision).toBe(3);
});

test("the end cuts the wait short, and the end of the watch throws its reason", async () => {
  const { ending, followed } = follow(jobAt(1));
  await followed.look();
  const waiting = followed.wait();
  followed.hear({ $case: "written", job: jobAt(2, JobState.SUCCEEDED) });
  await waiting;
  expect((await followed.look()).record.state).toBe(JobState.SUCCEEDED);
  const last = expect(followed.wait()).rejects.toThrow("gone");
  ending.abort(new Error("gone"));
  await last;
});
