import fc from "fast-check";
import { expect, test } from "vitest";
import { blobKinds } from "./blob-kind.ts";
import {
  type Claim,
  claimEntry,
  entryRank,
  type IndexEntry,
  isClaimed,
  isEntryExpired,
  keepUntilOf,
  releaseEntry,
} from "./index-entry.ts";

const hour = 3_600_000;
const day = 24 * hour;
const now = 1_800_000_000_000;
const lifetime = {
  minMs: hour,
  maxMs: 30 * day,
  slackMs: 600_000,
  graceMs: 60_000,
  outputHoldMs: hour,
  inputRestMs: day,
  frameRestMs: 600_000,
};
const rules = { lifetime, ttls: { hot: 7 * day, warm: 3 * day, cold: day } };
const claim = (changes: Partial<Claim> = {}): Claim => ({
  sizeBytes: 10,
  kind: "output",
  jobId: "",
  keepUntilMs: 0,
  savedMs: 0,
  ...changes,
});
const frame = (jobId: string, keepUntilMs: number) => claim({ kind: "frame", jobId, keepUntilMs });

test("a frame of two jobs stays until both have released it, then for the rest of frames", () => {
  const first = claimEntry(undefined, frame("a", now + hour), now, lifetime);
  const both = claimEntry(first, frame("b", now + 2 * hour), now, lifetime);
  expect(keepUntilOf(both)).toBe(now + 2 * hour);
  const one = releaseEntry(both, "b") as IndexEntry;
  expect(keepUntilOf(one)).toBe(now + hour);
  const none = releaseEntry(one, "a") as IndexEntry;
  expect(keepUntilOf(none)).toBe(0);
  expect(releaseEntry(none, "a")).toBeUndefined();
  expect(isEntryExpired(one, now + 11 * 60_000, rules)).toBe(false);
  expect(isEntryExpired(none, now + 9 * 60_000, rules)).toBe(false);
  expect(isEntryExpired(none, now + 11 * 60_000, rules)).toBe(true);
});

test("an output that was used once goes a day after its last use, but not before its promised time", () => {
  const entry = claimEntry(undefined, claim({ keepUntilMs: now + 2 * day }), now, lifetime);
  expect(isEntryExpired(entry, now + 1.5 * day, rules)).toBe(false);
  expect(isEntryExpired(entry, now + 2 * day + 2 * 60_000, rules)).toBe(true);
  const used = { ...entry, uses: 3 };
  expect(isEntryExpired(used, now + 6 * day, rules)).toBe(false);
  expect(isEntryExpired(used, now + 8 * day, rules)).toBe(true);
});

test("a full store may evict a released frame and an output out of its hold, and nothing that a job needs", () => {
  const needed = claimEntry(undefined, frame("a", now + 5 * hour), now, lifetime);
  expect(entryRank(needed, now + 2 * hour, rules)).toBeUndefined();
  const released = releaseEntry(needed, "a") as IndexEntry;
  expect(entryRank(released, now + 61_000, rules)).toBe(1);
  expect(entryRank({ ...released, kind: "input" }, now + 61_000, rules)).toBe(2);
  expect(entryRank(released, now + hour, rules)).toBe(0);
  expect(entryRank({ ...needed, kind: "output" }, now + 2 * hour, rules)).toBeUndefined();
  const output = claimEntry(undefined, claim({ keepUntilMs: now + day }), now, lifetime);
  expect(entryRank(output, now + hour / 2, rules)).toBeUndefined();
  expect(entryRank(output, now + 2 * hour, rules)).toBe(3);
});

test("an entry that is being removed starts anew when it is claimed", () => {
  const old = {
    ...claimEntry(undefined, claim({ keepUntilMs: now + day }), now, lifetime),
    removingSinceMs: now,
    uses: 9,
  };
  expect(claimEntry(old, claim(), now, lifetime)).toMatchObject({
    uses: 0,
    removingSinceMs: 0,
    askedUntilMs: now + hour,
  });
});

test("claims never shorten a lifetime, and never forget a need; a repeated claim needs no write", () => {
  const anyClaim = fc.record({
    sizeBytes: fc.constant(10),
    kind: fc.constantFrom(...blobKinds),
    jobId: fc.constantFrom("", "a", "b", "c"),
    keepUntilMs: fc.integer({ min: 0, max: 30 * day }).map((ahead) => (ahead === 0 ? 0 : now + ahead)),
    savedMs: fc.constantFrom(0, 5, 5_000),
  });
  fc.assert(
    fc.property(fc.array(anyClaim, { minLength: 1, maxLength: 20 }), (claims) => {
      let entry: IndexEntry | undefined;
      for (const each of claims) {
        const before = entry ? keepUntilOf(entry) : 0;
        entry = claimEntry(entry, each, now, lifetime);
        expect(keepUntilOf(entry)).toBeGreaterThanOrEqual(Math.max(before, each.keepUntilMs));
        expect(isClaimed(entry, each, now, lifetime)).toBe(true);
      }
      const wanted = new Map<string, number>();
      for (const { kind, jobId, keepUntilMs } of claims) {
        if (kind !== "output" && jobId !== "") wanted.set(jobId, Math.max(wanted.get(jobId) ?? 0, keepUntilMs));
      }
      for (const [jobId, untilMs] of wanted) expect(entry?.pins.get(jobId)).toBeGreaterThanOrEqual(untilMs);
    }),
  );
});

test("the saved time is the last one that was given, and a new one needs a write", () => {
  const known = claimEntry(undefined, claim({ savedMs: 900 }), now, lifetime);
  expect(known.savedMs).toBe(900);
  expect(claimEntry(known, claim(), now, lifetime).savedMs).toBe(900);
  expect(claimEntry({ ...known, removingSinceMs: now }, claim(), now, lifetime).savedMs).toBe(900);
  expect(claimEntry(known, claim({ savedMs: 4_000 }), now, lifetime).savedMs).toBe(4_000);
  expect(isClaimed(known, claim({ savedMs: 950 }), now, lifetime)).toBe(true);
  expect(isClaimed(known, claim({ savedMs: 4_000 }), now, lifetime)).toBe(false);
});

test("an entry names at most 64 jobs; a further job's need becomes a lifetime", () => {
  let entry = claimEntry(undefined, frame("job-0", now + hour), now, lifetime);
  for (let n = 1; n <= 64; n += 1) entry = claimEntry(entry, frame(`job-${n}`, now + 3 * hour), now, lifetime);
  expect(entry.pins.size).toBe(64);
  expect(entry.askedUntilMs).toBeGreaterThanOrEqual(now + 3 * hour);
});
