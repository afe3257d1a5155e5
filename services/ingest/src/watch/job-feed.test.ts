import { AppError } from "@pixelmesh/errors";
import { Job, JobRecord, JobSpec, JobState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { StoredJob } from "../stores/job-store.ts";
import { openJobFeed } from "./job-feed.ts";

const jobAt = (revision: number, state: JobState = JobState.RUNNING): StoredJob => ({
  spec: JobSpec.fromPartial({ jobId: "job" }),
  record: JobRecord.fromPartial({ state }),
  revision,
});
const view = ({ record, revision }: StoredJob): Job =>
  Job.fromPartial({ id: "job", state: record.state, revision, progress: revision / 100 });

/** A feed of a record that the test changes. The first `fails` reads fail. */
function open(fails = 0) {
  const stored = { job: jobAt(1), reads: 0, isEmpty: false, fails };
  const read = async () => {
    stored.reads += 1;
    if (stored.reads <= stored.fails) throw new AppError("BROKER_UNAVAILABLE", "not now");
    return stored.job;
  };
  const feed = openJobFeed(read, view, () => {
    stored.isEmpty = true;
  });
  const write = (job: StoredJob) => {
    stored.job = job;
    feed.update({ $case: "written", job });
  };
  return { stored, feed, write };
}
const never = new AbortController().signal;

test("the record is read once for any number of readers, and each of them sees the job's end", async () => {
  const { stored, feed, write } = open();
  const watching = Array.from({ length: 2_000 }, async () => {
    const seen: number[] = [];
    for await (const { revision } of feed.read(never)) seen.push(revision);
    return seen;
  });
  await expect.poll(() => stored.reads).toBe(1);
  write(jobAt(2));
  await new Promise((resolve) => setTimeout(resolve, 20));
  write(jobAt(3, JobState.SUCCEEDED));
  for (const seen of await Promise.all(watching)) {
    expect(seen.at(-1)).toBe(3);
    expect(seen).toEqual([...new Set(seen)].sort());
  }
  expect(stored).toMatchObject({ reads: 1, isEmpty: true });
});

test("a slow reader gets the newest view and skips those in between", async () => {
  const { feed, write } = open();
  const slow = feed.read(never);
  expect((await slow.next()).value?.revision).toBe(1);
  const fast: number[] = [];
  const reading = (async () => {
    for await (const { revision } of feed.read(never)) fast.push(revision);
  })();
  for (let revision = 2; revision <= 6; revision++) {
    write(jobAt(revision));
    await expect.poll(() => fast.at(-1)).toBe(revision);
  }
  expect((await slow.next()).value?.revision).toBe(6);
  write(jobAt(7, JobState.FAILED));
  expect((await slow.next()).value).toMatchObject({ revision: 7, state: JobState.FAILED });
  expect((await slow.next()).done).toBe(true);
  await reading;
});

test("a reader that leaves does not end the others, and the last one ends the feed", async () => {
  const { stored, feed } = open();
  const leaving = new AbortController();
  const [first, second] = [feed.read(leaving.signal), feed.read(never)];
  await Promise.all([first.next(), second.next()]);
  const ended = expect(first.next()).rejects.toThrow("gone");
  leaving.abort(new Error("gone"));
  await ended;
  expect(stored.isEmpty).toBe(false);
  await second.return(undefined);
  expect(stored.isEmpty).toBe(true);
});

test("a failed read is retried, and a read that keeps failing rejects for all readers", async () => {
  const passing = open(2);
  expect((await passing.feed.read(never).next()).value?.revision).toBe(1);
  const failing = open(99);
  const readers = [failing.feed.read(never), failing.feed.read(never)];
  for (const outcome of await Promise.allSettled(readers.map((reader) => reader.next())))
    expect(outcome).toMatchObject({ status: "rejected", reason: { reason: "BROKER_UNAVAILABLE" } });
  expect(failing.stored.isEmpty).toBe(true);
  expect(failing.stored.reads).toBeLessThan(10);
});
