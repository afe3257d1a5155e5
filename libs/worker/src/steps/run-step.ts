import { type Delivery, giveBack, type Verdict } from "@pixelmesh/bus";
import { AppError, isRetryable, type Reason, reasonToEnum, toAppError } from "@pixelmesh/errors";
import { degradedKey, lookAtResult, trimResult } from "@pixelmesh/pipeline";
import type { Notice, StepResult, WorkItem } from "@pixelmesh/proto";
import { activeSpan, withSpan } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import type { AnyHandler } from "../step-handler.ts";
import { keepResult } from "../storage/result-store.ts";
import { createPatience } from "../storage/store-retry.ts";
import { executeStep } from "./execute-step.ts";
import { loadInputs } from "./load-inputs.ts";
import type { ProgressReports } from "./progress-reports.ts";
import { reportFact, toFailedFact } from "./publish-facts.ts";
import { storeOutcome } from "./store-result.ts";

/** Failures that say nothing about the work, only about this moment or this worker. Before the start the message goes back for free. */
const passing: ReadonlySet<Reason> = new Set<Reason>([
  "SERVICE_UNAVAILABLE",
  "BROKER_UNAVAILABLE",
  "STOPPING",
  "MEMORY_PRESSURE",
  "QUEUE_FULL",
  "STORAGE_FULL",
  "STORAGE_UNAVAILABLE",
  "GRANT_EXPIRED",
]);

/** How far a step has come. */
type Told = { started: boolean; ran: boolean };

/**
 * Does one step: run, store, tell, in this order, so that whatever is told is stored. A result that the store cannot take now is
 * kept and waits, without its slot, until the job's deadline. Answers what becomes of the message.
 * After a pause in which another worker may have got the message, only a completion is told.
 */
export function createStepRun(
  parts: WorkerParts,
  handlers: Readonly<Record<string, AnyHandler>>,
  reports: ProgressReports,
) {
  const { base, results, blobs } = parts;
  const { bus, worker, log, metrics } = base;
  const patience = createPatience(base);

  /** A redelivered step may be done already: its worker died between storing and telling. */
  async function findMade(item: WorkItem, { deliveries }: Delivery): Promise<StepResult | undefined> {
    if (deliveries <= 1 || item.resultKey === "") return undefined;
    const look = lookAtResult((await results.read(item.resultKey))?.value, item, Date.now());
    if (look.$case !== "use") return undefined;
    const made = trimResult(look.result, item);
    return (await keepResult(blobs, made, item)) ? made : undefined;
  }

  async function make(item: WorkItem, delivery: Delivery, signal: AbortSignal, told: Told) {
    const stage = item.step?.operation?.$case ?? "none";
    const handler = handlers[stage];
    if (!item.step || !handler) throw new AppError("UNKNOWN_OPERATION", `This service has no operation ${stage}`);
    const notices: Notice[] = [];
    const progress = reports.open(item);
    const limits = item.limits ?? parts.limits;
    const room = parts.scratch.openRoom();
    try {
      const executed = await executeStep(parts, {
        handler,
        step: item.step,
        sizes: item.inputs,
        limits,
        loadInputs: (loading) => loadInputs(blobs, item, notices, { ...loading, limits }),
        room,
        jobId: item.jobId,
        tenant: item.tenant,
        priority: item.priority,
        deadlineUnixMs: item.deadlineUnixMs,
        signal,
        onGranted: progress.granted,
        onProgress: progress.update,
        async onStarted() {
          await reportFact(bus, worker, item, { $case: "started", value: {} }, () => !delivery.isLate());
          told.started = true;
          log.info(fieldsOf(item), "step started");
        },
      });
      told.ran = true;
      progress.storing();
      const result = await withSpan("store result", {}, () =>
        storeOutcome(parts, item, executed, notices, {
          ...{ limits, room, signal },
          patiently: patience.of(fieldsOf(item), signal),
        }),
      );
      progress.done();
      await keep(item, result, executed.modelDigest);
      return { result, slotWaitMs: Math.round(executed.slotWaitMs) };
    } finally {
      progress.end();
      await room.close();
    }
  }

  /** Stores a result where equal steps find it: a degraded one apart, where only those look who allow it. */
  async function keep(item: WorkItem, result: StepResult, modelDigest: string): Promise<void> {
    if (item.resultKey === "" || (item.modelDigest !== "" && item.modelDigest !== modelDigest)) return;
    if (result.adaptations.length === 0) return results.store(item.resultKey, result, Date.now());
    await results.store(degradedKey(item.resultKey), result, Date.now());
    // What was claimed is still not there: another may make it.
    await results.release(item.resultKey, item);
  }

  return async function runStep(item: WorkItem, delivery: Delivery, signal: AbortSignal): Promise<Verdict> {
    const stage = item.step?.operation?.$case ?? "none";
    const fields = fieldsOf(item);
    const startedMs = performance.now();
    const elapsedMs = () => Math.round(performance.now() - startedMs);
    const observe = (outcome: string) =>
      metrics.observe("pixelmesh_stage_duration_seconds", { stage, outcome }, (performance.now() - startedMs) / 1000);
    const told: Told = { started: false, ran: false };
    try {
      const made = await findMade(item, delivery);
      const { result, slotWaitMs } = made ? { result: made, slotWaitMs: 0 } : await make(item, delivery, signal, told);
      await reportFact(bus, worker, item, { $case: "completed", value: { result } }, () => !delivery.isLate());
      observe("succeeded");
      log.info({ ...fields, outcome: "succeeded", ms: elapsedMs(), slotWaitMs }, "step done");
      return { $case: "done", completed: true };
    } catch (caught) {
      const error = signal.aborted ? toAppError(signal.reason) : toOthersFailure(caught);
      if (delivery.isLate()) {
        observe("lost");
        log.warn(
          { ...fields, outcome: "lost", ms: elapsedMs(), reason: error.reason },
          "step left to another worker after a pause",
        );
        return { $case: "leave" };
      }
      if (error.reason === "CANCELLED") {
        observe("cancelled");
        log.info({ ...fields, outcome: "cancelled", ms: elapsedMs() }, "step cancelled");
        return { $case: "done" };
      }
      // After the start a failure is told: starts without an end would make the step POISON.
      if (passing.has(error.reason) && !told.started) {
        observe("given_back");
        const { deliveries } = delivery;
        log.info(
          { ...fields, outcome: "given_back", ms: elapsedMs(), reason: error.reason, deliveries },
          "step given back",
        );
        return giveBack(delivery.deliveries, Math.random());
      }
      observe("failed");
      activeSpan().fail(error.reason);
      const cause = error.cause ?? error;
      const ended = { outcome: "failed", ms: elapsedMs(), reason: error.reason, retryable: isRetryable(error.reason) };
      log.warn({ ...fields, ...ended, err: cause }, "step failed");
      const { reason, message } = error;
      // What fails after the run, such as an encoding that cannot hold the picture, is not the failure of equal steps.
      if (item.resultKey !== "" && !told.ran)
        await results.refuse(item.resultKey, { reason: reasonToEnum(reason), message, stepId: "" }, Date.now());
      await reportFact(bus, worker, item, toFailedFact(error, item.stepId), () => !delivery.isLate());
      return { $case: "done" };
    }
  };
}

/** What every line about a step says. */
function fieldsOf({ jobId, stepId, attempt, step }: WorkItem) {
  return { jobId, stepId, attempt, stage: step?.operation?.$case ?? "none" };
}

/** Only our own signal says that nobody wants the work any more: somebody else's cancelling is that somebody being away. */
function toOthersFailure(caught: unknown): AppError {
  const error = toAppError(caught);
  if (error.reason !== "CANCELLED") return error;
  return new AppError("SERVICE_UNAVAILABLE", "A service that this step needs let the call go", { cause: error });
}
