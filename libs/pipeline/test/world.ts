import { reasonToEnum } from "@pixelmesh/errors";
import type { JobEvent, JobRecord, JobSpec, ResultEntry, StepRecord, StepResult, StepRun } from "@pixelmesh/proto";
import {
  abandonedSteps,
  claimEntry,
  createRecord,
  degradedKey,
  doneEntry,
  failedEntry,
  isClaimAlive,
  isClaimedBy,
  isJobEnded,
  type JobChange,
  lookUpResult,
  overdueSteps,
  type ReadyStep,
  readySteps,
  reduceJob,
  releasedEntry,
  wantedOf,
} from "../src/index.ts";
import { createdUnixMs, resultFor } from "./fixtures.ts";

/** How a run of a step ends. */
export type Outcome = "done" | "degraded" | "corrupt" | "busy" | "dies" | "diesAfterStoring" | "vanishes";

type Job = { readonly spec: JobSpec; record: JobRecord; isOpen: boolean };
type EventKind = NonNullable<JobEvent["event"]>;

const adaptation = { stepId: "", kind: "device", from: "gpu", to: "cpu", why: "no gpu" };

/**
 * A mesh in memory around the pure core: jobs, results, waiters, one queue, one log. It does what ingest and workers do, with each
 * write on its own, so that a history may stop a process between any two writes.
 */
export function createWorld(specs: readonly JobSpec[]) {
  let nowUnixMs = createdUnixMs;
  const jobs = new Map<string, Job>(
    specs.map((spec) => [spec.jobId, { spec, record: createRecord(spec), isOpen: true }]),
  );
  const results = new Map<string, ResultEntry>();
  const waits = new Map<string, Set<string>>();
  const queue = new Map<string, StepRun & { deliveries: number }>();
  const running = new Map<string, StepRun & { deliveries: number }>();
  const log: JobEvent[] = [];
  const undelivered: JobEvent[] = [];
  const keyOf = ({ jobId, stepId, attempt }: StepRun) => `${jobId}/${stepId}/${attempt}`;
  const jobOf = (jobId: string) => jobs.get(jobId) as Job;
  const stepOf = ({ jobId, stepId }: StepRun) =>
    jobOf(jobId).record.steps.find(({ id }) => id === stepId) as StepRecord;
  const hasWork = (run: StepRun) => queue.has(keyOf(run)) || running.has(keyOf(run));
  const isAlive = (jobId: string, stepId: string, key: string) =>
    isClaimAlive({ jobId, stepId, carrier: undefined }, key, jobs.get(jobId)?.record);

  function publish(run: StepRun, happened: EventKind): void {
    const { resultKey } = stepOf(run);
    const event = { ...run, atUnixMs: ++nowUnixMs, worker: "w", resultKey, event: happened };
    log.push(event);
    undelivered.push(event);
  }

  function decide(job: Job, ready: ReadyStep): JobChange | "run" | undefined {
    const { resultKey: key, stepId } = ready;
    const { jobId, allowDegraded } = job.spec;
    if (key === "") return "run";
    const entry = results.get(key);
    const found = lookUpResult(entry, { ...ready, jobId }, nowUnixMs);
    if (found.$case === "use") return { $case: "cached", stepId, key, result: found.result };
    if (found.$case === "refuse") return { $case: "refused", stepId, key, error: found.error };
    if (found.$case === "mine" && !found.carrier) return "run";
    if (found.$case === "mine" && found.carrier && hasWork(found.carrier)) return undefined;
    if (allowDegraded) {
      const apart = lookUpResult(results.get(degradedKey(key)), { ...ready, jobId }, nowUnixMs);
      if (apart.$case === "use") return { $case: "cached", stepId, key, result: apart.result };
    }
    if (found.$case === "taken" && isAlive(found.claim.jobId, found.claim.stepId, key)) {
      waits.set(key, (waits.get(key) ?? new Set()).add(`${jobId}/${stepId}`));
      return undefined;
    }
    const known = found.$case === "mine" ? entry?.known : found.known;
    results.set(key, claimEntry({ jobId, stepId }, known, nowUnixMs));
    return "run";
  }

  function finish(job: Job): void {
    const { jobId, priority } = job.spec;
    for (const { step, wasRunning } of abandonedSteps(job.record)) {
      const key = step.resultKey;
      const entry = results.get(key);
      if (!entry || !isClaimedBy(entry, { jobId, stepId: step.id })) continue;
      const before = entry.state?.$case === "claimed" ? entry.state.value.carrier : undefined;
      const run = { jobId, stepId: step.id, attempt: step.attempt, priority };
      const heir = [...(waits.get(key) ?? [])]
        .map((text) => text.split("/"))
        .find(([j = "", s = ""]) => isAlive(j, s, key));
      if (heir) {
        const [heirJob = "", heirStep = ""] = heir;
        const carrier = before ?? (wasRunning ? run : undefined);
        results.set(key, claimEntry({ jobId: heirJob, stepId: heirStep }, entry.known, nowUnixMs, carrier));
        if (wasRunning && !before) continue;
      } else {
        const stored = releasedEntry(entry);
        if (stored) results.set(key, stored);
        else results.delete(key);
      }
      running.delete(keyOf(run));
    }
    job.isOpen = false;
  }

  function advance(job: Job, changes: readonly JobChange[], diesAfter?: "write" | "dispatch"): void {
    const apply = (change: JobChange) => {
      job.record = reduceJob(job.spec, job.record, change, nowUnixMs);
    };
    changes.forEach(apply);
    if (diesAfter === "write") return;
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const ready of readySteps(job.spec, job.record)) {
        const decision = decide(job, ready);
        const run = {
          jobId: job.spec.jobId,
          stepId: ready.stepId,
          attempt: ready.attempt,
          priority: job.spec.priority,
        };
        if (decision === "run" && !hasWork(run)) queue.set(keyOf(run), { ...run, deliveries: 0 });
        if (typeof decision !== "object") continue;
        apply(decision);
        isChanged = true;
      }
    }
    if (diesAfter !== "dispatch" && isJobEnded(job.record.state) && job.isOpen) finish(job);
  }

  function wake(key: string): void {
    for (const waiter of waits.get(key) ?? []) advance(jobOf(waiter.split("/")[0] ?? ""), []);
  }

  function store(run: StepRun, result: StepResult): void {
    const { resultKey: key } = stepOf(run);
    if (result.adaptations.length === 0) {
      results.set(key, doneEntry(results.get(key), result, nowUnixMs));
      return;
    }
    results.set(degradedKey(key), doneEntry(results.get(degradedKey(key)), result, nowUnixMs));
    const entry = results.get(key);
    if (!entry || !isClaimedBy(entry, run)) return;
    const before = releasedEntry(entry);
    if (before) results.set(key, before);
    else results.delete(key);
  }

  return {
    jobs,
    log,
    /** A worker takes a work item, and drops it if its job has ended or its attempt is over. */
    take(pick: number): void {
      const run = [...queue.values()][pick % Math.max(1, queue.size)];
      if (!run) return;
      queue.delete(keyOf(run));
      const step = stepOf(run);
      if (isJobEnded(jobOf(run.jobId).record.state) || step.result || step.attempt !== run.attempt) return;
      running.set(keyOf(run), { ...run, deliveries: run.deliveries + 1 });
      const found = lookUpResult(
        results.get(step.resultKey),
        { ...wantedOf(jobOf(run.jobId).spec, run.stepId), ...run },
        nowUnixMs,
      );
      if (run.deliveries === 0 || found.$case !== "use") publish(run, { $case: "started", value: {} });
      else {
        running.delete(keyOf(run));
        publish(run, { $case: "completed", value: { result: found.result } });
      }
    },
    /** A run ends. */
    end(pick: number, outcome: Outcome): void {
      const run = [...running.values()][pick % Math.max(1, running.size)];
      if (!run) return;
      running.delete(keyOf(run));
      const { spec } = jobOf(run.jobId);
      const key = stepOf(run).resultKey;
      const more = outcome === "degraded" ? { adaptations: [adaptation] } : {};
      const result = resultFor(wantedOf(spec, run.stepId), `${run.stepId} ${outcome === "degraded"}`, more);
      const fail = (reason: "IMAGE_CORRUPT" | "INTERNAL") => {
        const error = { reason: reasonToEnum(reason), message: "", stepId: "" };
        const entry = failedEntry(results.get(key), error, nowUnixMs);
        if (entry) results.set(key, entry);
        publish(run, { $case: "failed", value: { error } });
      };
      if (outcome === "corrupt") fail("IMAGE_CORRUPT");
      if (outcome === "busy") fail("INTERNAL");
      if (outcome === "dies") queue.set(keyOf(run), run);
      if (["corrupt", "busy", "dies", "vanishes"].includes(outcome)) return;
      store(run, result);
      if (outcome === "diesAfterStoring") queue.set(keyOf(run), run);
      else publish(run, { $case: "completed", value: { result } });
    },
    /** Ingest handles any undelivered event, loses it, or stops after the write or the dispatch. */
    deliver(pick: number, how: "whole" | "lost" | "write" | "dispatch"): void {
      const [event] = undelivered.splice(pick % Math.max(1, undelivered.length), 1);
      if (!event || how === "lost") return;
      advance(jobOf(event.jobId), [{ $case: "event", event }], how === "whole" ? undefined : how);
      if (how === "whole" && event.event?.$case !== "started") wake(event.resultKey);
    },
    cancel(pick: number, how?: "write"): void {
      const job = [...jobs.values()][pick % jobs.size] as Job;
      advance(job, [{ $case: "cancel" }], how);
    },
    dispatch: (jobId: string) => advance(jobOf(jobId), []),
    /** The reconciler checks every open job. */
    reconcile(): void {
      nowUnixMs += 20_000;
      for (const job of jobs.values()) {
        if (!job.isOpen) continue;
        if (isJobEnded(job.record.state)) {
          finish(job);
          continue;
        }
        const { jobId, priority } = job.spec;
        const gone = overdueSteps(job.record, nowUnixMs, 15_000).filter(
          ({ step }) => !hasWork({ jobId, stepId: step.id, attempt: step.attempt, priority }),
        );
        const replayed = log
          .filter((event) => event.jobId === jobId)
          .map((event): JobChange => ({ $case: "event", event }));
        const lost = gone.map(({ step }): JobChange => ({ $case: "lost", stepId: step.id, attempt: step.attempt }));
        advance(job, [{ $case: "deadline" }, ...(gone.length > 0 ? replayed : []), ...lost]);
      }
    },
    isIdle: () => [...jobs.values()].every(({ isOpen }) => !isOpen),
  };
}

/** A mesh in memory. */
export type World = ReturnType<typeof createWorld>;
