import { DiscardPolicy, RetentionPolicy, type StreamConfig } from "@nats-io/jetstream";
import { workerRoles } from "@pixelmesh/roles";
import type { BucketName, StreamBounds } from "./stream-bounds.ts";
import { workStream } from "./subjects.ts";

const dayMs = 24 * 3_600_000;
const nanosPerMs = 1e6;

/** A stream to create. */
export type StreamPlan = Partial<StreamConfig> & {
  readonly name: string;
  readonly subjects: string[];
  readonly max_bytes: number;
};

/** How long a lease is stored after its last renewal, in milliseconds. */
export const leaseTtlMs = 10_000;

/** How long a picture that was sent without a job may be named, in milliseconds: an hour, and a minute for clocks that differ. */
export const uploadTtlMs = 3_660_000;

/** The streams. Work is never removed and never expires; events expire after 7 days, dead letters after 30. */
export const planStreams = ({ work, events, deadLetters }: StreamBounds): readonly StreamPlan[] => [
  ...workerRoles.map((role) => ({
    name: workStream(role),
    subjects: [`work.${role}.>`],
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_msgs: 100_000,
    max_bytes: work[role],
    max_msg_size: 256 * 1024,
    duplicate_window: 120_000 * nanosPerMs,
  })),
  {
    name: "JOB_EVENTS",
    subjects: ["jobs.*.*.*"],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: 7 * dayMs * nanosPerMs,
    max_bytes: events,
    max_msg_size: 64 * 1024,
    duplicate_window: 120_000 * nanosPerMs,
  },
  {
    name: "DLQ",
    subjects: ["dlq.>"],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: 30 * dayMs * nanosPerMs,
    max_bytes: deadLetters,
    max_msg_size: 512 * 1024,
  },
];

/** A bucket to create. With a time to live of 0 its entries do not expire. */
export type BucketPlan = {
  readonly name: BucketName;
  readonly ttlMs: number;
  readonly maxValueBytes: number;
  /** What happens to a write to a full bucket. Default: it is refused. */
  readonly discard?: DiscardPolicy;
};

/** The buckets; proto/pixelmesh/work/v1 describes their values. The time to live of a key counts from its last write. */
export const buckets: readonly BucketPlan[] = [
  // A specification has at most 128 KiB (MAX_SPEC_BYTES); a record grows with the results of its steps.
  { name: "jobs", ttlMs: 7 * dayMs, maxValueBytes: 512 * 1024 },
  { name: "results", ttlMs: 7 * dayMs, maxValueBytes: 64 * 1024 },
  // A progress record has at most 50,000 ends of 16 bytes; NATS takes messages of 1 MiB by default.
  { name: "batches", ttlMs: 7 * dayMs, maxValueBytes: 900 * 1024 },
  // The attempts of a callback take about a day, or longer if its receiver asks for it.
  { name: "callbacks", ttlMs: 7 * dayMs, maxValueBytes: 64 * 1024 },
  // As long as an upload without a job is kept, and the time that clocks may differ. A full bucket removes its oldest entries: their senders are
  // asked for the bytes again.
  { name: "uploads", ttlMs: uploadTtlMs, maxValueBytes: 1024, discard: DiscardPolicy.Old },
  // The index of the shared store of blobs, about 0.2 KiB each. A full bucket refuses puts until the sweeper has removed entries.
  { name: "blobs", ttlMs: 0, maxValueBytes: 64 * 1024 },
  // An entry is removed when its job ends; the time to live is longer than any deadline.
  { name: "open", ttlMs: 7 * dayMs, maxValueBytes: 1024 },
  { name: "waits", ttlMs: 2 * dayMs, maxValueBytes: 1024 },
  { name: "leases", ttlMs: leaseTtlMs, maxValueBytes: 1024 },
  { name: "services", ttlMs: 15_000, maxValueBytes: 4 * 1024 },
  { name: "profiles", ttlMs: 0, maxValueBytes: 4 * 1024 },
  // An entry is removed when its step has its result; the time to live is longer than any deadline. A full bucket refuses further calls.
  { name: "predictions", ttlMs: 7 * dayMs, maxValueBytes: 4 * 1024 },
  // A tenant's spending of a day, with at most 256 reservations of about 70 bytes. A call of yesterday may end today.
  { name: "budgets", ttlMs: 3 * dayMs, maxValueBytes: 64 * 1024 },
];
