import { reasonToEnum } from "@pixelmesh/errors";
import { type JobEvent, type JobRecord, type JobSpec, JobState, StepState } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { acyclicPipelines } from "../../test/arbitraries.ts";
import { completed, createdUnixMs, deadlineUnixMs, failed, plan, started } from "../../test/fixtures.ts";
import { times } from "../../test/times.ts";
import { createRecord, isStepEnded } from "./job-record.ts";
import { readySteps } from "./ready-steps.ts";
import { type JobChange, reduceJob } from "./reduce.ts";

const busy = reasonToEnum("INTERNAL");
const corrupt = reasonToEnum("IMAGE_CORRUPT");
const now = createdUnixMs + 1;

const fold = (spec: JobSpec, events: readonly JobEvent[], from = createRecord(spec)) =>
  events.reduce((record, event) => reduceJob(spec, record, { $case: "event", event }, now), from);

/** A plan and all events of its run, in order. A step fails up to four times before it succeeds. */
const runs = fc
  .record({ asked: acyclicPipelines(10), failures: fc.array(fc.nat(4), { minLength: 10, maxLength: 10 }) })
  .map(({ asked, failures }) => {
    const spec = plan(asked);
    let at = createdUnixMs;
    const events = spec.steps.flatMap(({ step }, index) => {
      const id = step?.id ?? "";
      const tries = failures[index] ?? 0;
      const earlier = Array.from({ length: tries }, (_, number) => [
        started(id, number + 1, ++at),
        failed(id, number + 1, busy, ++at),
      ]).flat();
      at += 50;
      return [...earlier, started(id, tries + 1, at - 49), completed(spec, id, tries + 1, at)];
    });
    return {
      spec,
      events,
      tries: new Map(spec.steps.map(({ step }, index) => [step?.id ?? "", failures[index] ?? 0])),
    };
  });

const shuffledRuns = runs.chain((run) =>
  fc.record({
    run: fc.constant(run),
    order: fc.shuffledSubarray([...run.events, ...run.events], { minLength: 0 }),
    all: fc.shuffledSubarray(run.events, { minLength: run.events.length }),
  }),
);

test("job events in any order, with repetitions and impossible attempts, give the same record", () => {
  fc.assert(
    fc.property(shuffledRuns, ({ run: { spec, events }, order, all }) => {
      const never = events.flatMap((event) => [
        { ...event, attempt: 0 },
        { ...event, attempt: 6 },
      ]);
      const expected = fold(spec, events);
      expect(expected.state).toBe(JobState.SUCCEEDED);
      expect(fold(spec, [...order, ...never, ...all, ...order])).toEqual(expected);
    }),
    { numRuns: times(60) },
  );
});

test("a part of the job events gives the same record in any order", () => {
  const parts = runs.chain(({ spec, events }) =>
    fc.record({ spec: fc.constant(spec), part: fc.shuffledSubarray(events) }),
  );
  const reordered = parts.chain(({ spec, part }) =>
    fc.record({
      spec: fc.constant(spec),
      part: fc.constant(part),
      other: fc.shuffledSubarray(part, { minLength: part.length }),
    }),
  );
  fc.assert(
    fc.property(reordered, ({ spec, part, other }) => {
      expect(fold(spec, other)).toEqual(fold(spec, part));
    }),
    { numRuns: times(80) },
  );
});

test("events of an ended attempt have no effect", () => {
  fc.assert(
    fc.property(runs, ({ spec, events, tries }) => {
      let record = createRecord(spec);
      const over = new Map<string, number>();
      for (const event of events) {
        record = fold(spec, [event], record);
        if (event.event?.$case === "failed") over.set(event.stepId, event.attempt);
        for (const [id, attempt] of over) {
          const late = [
            started(id, attempt, now + 9999),
            completed(spec, id, attempt, 1),
            failed(id, attempt, corrupt),
          ];
          expect(fold(spec, late, record)).toBe(record);
        }
      }
      expect(record.steps.map((step) => step.attempt - 1)).toEqual(record.steps.map((step) => tries.get(step.id)));
    }),
    { numRuns: times(40) },
  );
});

test("a job with a FAILED step is FAILED with that error in every order, and none of its steps stays open", () => {
  const failing = shuffledRuns.chain(({ run, all }) =>
    fc.record({ run: fc.constant(run), all: fc.constant(all), at: fc.nat(run.spec.steps.length - 1) }),
  );
  fc.assert(
    fc.property(failing, ({ run: { spec, tries }, all, at }) => {
      const id = spec.steps[at]?.step?.id ?? "";
      const last = (tries.get(id) ?? 0) + 1;
      const events = all.map((event) =>
        event.stepId === id && event.event?.$case === "completed" ? failed(id, last, corrupt) : event,
      );
      const record = fold(spec, events);
      expect(record).toMatchObject({ state: JobState.FAILED, error: { reason: corrupt, stepId: id } });
      expect(record.steps.every((step) => isStepEnded(step.state))).toBe(true);
    }),
    { numRuns: times(60) },
  );
});

const ends = fc.constantFrom<JobChange>({ $case: "cancel" }, { $case: "deadline" });

test("a terminal record never changes", () => {
  fc.assert(
    fc.property(shuffledRuns, ends, fc.nat(), ({ run: { spec, events }, order, all }, end, cut) => {
      const partly = fold(spec, order.slice(0, cut % (order.length + 1)));
      const ended = reduceJob(spec, partly, end, deadlineUnixMs);
      expect(ended.state).not.toBe(JobState.RUNNING);
      const keys = ended.steps.map(
        (step): JobChange => ({ $case: "cached", stepId: step.id, key: step.resultKey, result: {} as never }),
      );
      for (const change of [...keys, { $case: "cancel" } as const, { $case: "deadline" } as const]) {
        expect(reduceJob(spec, ended, change, deadlineUnixMs + 1)).toBe(ended);
      }
      expect(fold(spec, [...all, ...events], ended)).toBe(ended);
    }),
    { numRuns: times(60) },
  );
});

test("every step becomes READY once its inputs exist, is READY until it has ended, and the job ends", () => {
  fc.assert(
    fc.property(runs, fc.infiniteStream(fc.nat()), ({ spec }, picks) => {
      let record: JobRecord = createRecord(spec);
      for (let round = 0; record.state === JobState.RUNNING; round++) {
        expect(round).toBeLessThanOrEqual(spec.steps.length);
        const ready = readySteps(spec, record);
        expect(ready.map(({ stepId }) => stepId)).toEqual(stepsWithAllInputs(spec, record));
        const next = ready[picks.next().value % ready.length];
        record = fold(spec, [completed(spec, next?.stepId ?? "nothing is ready")], record);
      }
      expect(record.state).toBe(JobState.SUCCEEDED);
      expect(readySteps(spec, record)).toEqual([]);
    }),
    { numRuns: times(60) },
  );
});

/** A slow reference: computed from plan and results alone. */
function stepsWithAllInputs(spec: JobSpec, record: JobRecord): (string | undefined)[] {
  const done = new Set(record.steps.filter((step) => step.state === StepState.SUCCEEDED).map((step) => step.id));
  return spec.steps
    .filter(({ step }) => !done.has(step?.id ?? ""))
    .filter(({ step }) => step?.inputs.every(({ from }) => from?.$case === "upload" || done.has(from?.value ?? "")))
    .map(({ step }) => step?.id);
}
