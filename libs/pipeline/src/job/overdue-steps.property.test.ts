import { type JobSpec, JobState, StepState } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { acyclicPipelines } from "../../test/arbitraries.ts";
import { createdUnixMs, plan } from "../../test/fixtures.ts";
import { times } from "../../test/times.ts";
import { createWorld, type Outcome, type World } from "../../test/world.ts";
import { isStepEnded } from "./job-record.ts";

type Move = { readonly kind: string; readonly pick: number; readonly outcome: Outcome };

const outcomes: Outcome[] = ["done", "degraded", "corrupt", "busy", "dies", "diesAfterStoring", "vanishes"];
const kinds = [
  "take",
  "take",
  "end",
  "end",
  "deliver",
  "deliver",
  "lost",
  "write",
  "dispatch",
  "cancel",
  "cancelWrite",
  "reconcile",
];
const moves = (outcome: fc.Arbitrary<Outcome>, allowed = kinds): fc.Arbitrary<Move[]> =>
  fc.array(fc.record({ kind: fc.constantFrom(...allowed), pick: fc.nat(1_000), outcome }), { maxLength: 60 });

/** Several jobs of one pipeline, so that their steps are equal. Some allow degradation. */
const specs = fc
  .record({ asked: acyclicPipelines(4), lenient: fc.array(fc.boolean(), { minLength: 2, maxLength: 4 }) })
  .map(({ asked, lenient }) =>
    lenient.map((allowDegraded, at) =>
      plan(asked, { allowDegraded }, { jobId: `job-${at + 1}`, deadlineUnixMs: createdUnixMs + 1e9 }),
    ),
  );

function play(world: World, { kind, pick, outcome }: Move): void {
  if (kind === "take") world.take(pick);
  else if (kind === "end") world.end(pick, outcome);
  else if (kind === "deliver") world.deliver(pick, "whole");
  else if (kind === "lost" || kind === "write" || kind === "dispatch") world.deliver(pick, kind);
  else if (kind === "cancel") world.cancel(pick);
  else if (kind === "cancelWrite") world.cancel(pick, "write");
  else world.reconcile();
}

/** Runs the mesh without crashes and losses until every job has ended. */
function converge(world: World): void {
  for (let round = 0; !world.isIdle(); round++) {
    expect(round).toBeLessThan(200);
    for (let at = 0; at < 8; at++) {
      world.take(at);
      world.end(at, "done");
      world.deliver(0, "whole");
    }
    world.reconcile();
  }
}

function start(jobs: readonly JobSpec[]): World {
  const world = createWorld(jobs);
  for (const { jobId } of jobs) world.dispatch(jobId);
  return world;
}

test("a job reaches exactly one terminal state, without its deadline, after lost events and crashes", () => {
  fc.assert(
    fc.property(specs, moves(fc.constantFrom(...outcomes)), (jobs, history) => {
      const world = start(jobs);
      const ends = new Map<string, number>();
      for (const move of history) {
        play(world, move);
        for (const [id, { record }] of world.jobs) {
          expect(ends.get(id) ?? record.state).toBe(record.state);
          if (record.state !== JobState.RUNNING) ends.set(id, record.state);
        }
      }
      converge(world);
      for (const [id, { record }] of world.jobs) {
        expect(record.state).not.toBe(JobState.RUNNING);
        expect(ends.get(id) ?? record.state).toBe(record.state);
        expect(record.steps.every(({ state }) => isStepEnded(state))).toBe(true);
        expect(record.error?.message ?? "").not.toContain("deadline");
      }
    }),
    { numRuns: times(500) },
  );
});

test("a degraded result never reaches a job that does not allow degradation", () => {
  fc.assert(
    fc.property(specs, moves(fc.constantFrom<Outcome>("degraded", "degraded", "done", "dies")), (jobs, history) => {
      const world = start(jobs);
      for (const move of history) play(world, move);
      converge(world);
      for (const { spec, record } of world.jobs.values()) {
        if (spec.allowDegraded) continue;
        for (const { result } of record.steps) expect(result?.adaptations ?? []).toEqual([]);
      }
    }),
    { numRuns: times(500) },
  );
});

test("a waiter of a cancelled job's step gets its result, and a running step is not started again", () => {
  const calm = moves(fc.constant<Outcome>("done"), ["take", "take", "end", "deliver"]);
  fc.assert(
    fc.property(specs, calm, calm, (asked, before, after) => {
      const jobs = asked.map((spec) => ({ ...spec, allowDegraded: false }));
      const world = start(jobs);
      for (const move of before) play(world, move);
      world.cancel(0);
      for (const move of after) play(world, move);
      converge(world);
      const [first, ...others] = [...world.jobs.values()];
      for (const { record } of others) {
        expect(record).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
        expect(record.steps.every(({ state, result }) => state === StepState.SUCCEEDED && result)).toBe(true);
      }
      const keys = new Set(first?.record.steps.map(({ resultKey }) => resultKey));
      for (const key of keys) {
        const runs = world.log.filter(({ event, resultKey }) => event?.$case === "started" && resultKey === key);
        // One run for each of the equal steps of a job, whose needs may differ, and one that was cancelled.
        const equals = first?.record.steps.filter(({ resultKey }) => resultKey === key).length ?? 0;
        expect(runs.length).toBeLessThanOrEqual(2 * equals);
      }
    }),
    { numRuns: times(500) },
  );
});
