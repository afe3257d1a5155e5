import {
  type Consumer,
  consume,
  type Delivery,
  giveBack,
  openStore,
  subscribeCancels,
  type Verdict,
  type WorkService,
  workConsumers,
} from "@pixelmesh/bus";
import { AppError, isRetryable, type Reason, toAppError } from "@pixelmesh/errors";
import { isJobEnded, isStepEnded } from "@pixelmesh/pipeline";
import { JobRecord, type Notice, WorkItem } from "@pixelmesh/proto";
import { withCallFacts } from "@pixelmesh/telemetry";
import { executeStep } from "./execute.ts";
import type { StepHandler } from "./handler.ts";
import { loadInputs } from "./inputs.ts";
import type { WorkerParts } from "./open.ts";
import { reportFact, startProgress, toFailedFact } from "./report.ts";
import { storeOutcome } from "./store-outcome.ts";

/** Handlers of a service by operation, as the oneof of a Step names them. */
export type StepHandlers = Readonly<Record<string, StepHandler>>;

/** Failures that say nothing about the work, only about this moment or this worker. Before the start the message goes back for free. */
const passing: ReadonlySet<Reason> = new Set<Reason>([
  "SERVICE_UNAVAILABLE",
  "BROKER_UNAVAILABLE",
  "STOPPING",
  "MEMORY_PRESSURE",
  "QUEUE_FULL",
  "STORAGE_FULL",
  "GRANT_EXPIRED",
]);

/** Takes this service's steps from its queue until closed. */
export async function startStepWorker(
  parts: WorkerParts,
  service: WorkService,
  handlers: StepHandlers,
): Promise<Consumer> {
  const { base } = parts;
  const records = await openStore(base.bus, "jobs", JobRecord);
  const running = new Map<string, Set<AbortController>>();
  const endCancels = subscribeCancels(base.bus, (jobId) => {
    for (const controller of running.get(jobId) ?? []) controller.abort(new AppError("CANCELLED", "The job has ended"));
  });

  async function handle(item: WorkItem, delivery: Delivery): Promise<Verdict> {
    const entry = await records.get(`record.${item.jobId}`);
    const step = entry?.value.steps.find(({ id }) => id === item.stepId);
    const isWanted =
      entry && step && !isJobEnded(entry.value.state) && !isStepEnded(step.state) && step.attempt === item.attempt;
    if (!isWanted) return { $case: "done" };
    const queue = delivery.subject.split(".").slice(1, 3).join(".");
    base.metrics.observe(
      "pixelmesh_queue_wait_seconds",
      { queue },
      Math.max(0, Date.now() - delivery.storedUnixMs) / 1000,
    );

    const controller = new AbortController();
    const siblings = running.get(item.jobId) ?? new Set();
    running.set(item.jobId, siblings.add(controller));
    const onStop = () => controller.abort(new AppError("STOPPING", "This worker is stopping"));
    const leftMs = item.deadlineUnixMs - Date.now();
    const timer = setTimeout(
      () => controller.abort(new AppError("DEADLINE_EXCEEDED", "The deadline passed before the step was done")),
      Math.max(0, leftMs),
    );
    stopNow.signal.addEventListener("abort", onStop, { once: true });
    try {
      return await withCallFacts({ tenant: item.tenant, deadlineUnixMs: item.deadlineUnixMs }, () =>
        work(item, delivery, controller.signal),
      );
    } finally {
      clearTimeout(timer);
      stopNow.signal.removeEventListener("abort", onStop);
      siblings.delete(controller);
      if (siblings.size === 0) running.delete(item.jobId);
    }
  }

  async function work(item: WorkItem, delivery: Delivery, signal: AbortSignal): Promise<Verdict> {
    const { bus, worker, log, metrics } = base;
    const stage = item.step?.operation?.$case ?? "none";
    const fields = { jobId: item.jobId, stepId: item.stepId, attempt: item.attempt, stage };
    const startedMs = performance.now();
    const observe = (outcome: string) =>
      metrics.observe("pixelmesh_stage_duration_seconds", { stage, outcome }, (performance.now() - startedMs) / 1000);
    const progress = startProgress(bus, item);
    let hasStarted = false;
    try {
      const handler = handlers[stage];
      if (!item.step || !handler) throw new AppError("UNKNOWN_OPERATION", `This service has no operation ${stage}`);
      const notices: Notice[] = [];
      const executed = await executeStep(parts, {
        handler,
        step: item.step,
        sizes: item.inputs,
        loadInputs: (loading) => loadInputs(parts.blobs, item, parts.limits, notices, loading),
        jobId: item.jobId,
        tenant: item.tenant,
        priority: item.priority,
        deadlineUnixMs: item.deadlineUnixMs,
        signal,
        onProgress: (fraction) => progress.update(fraction * 0.95),
        async onStarted() {
          await reportFact(bus, worker, item, { $case: "started", value: {} }, Date.now());
          hasStarted = true;
        },
      });
      const result = await storeOutcome(parts, item, executed, notices, signal);
      const degraded = result.adaptations.length > 0;
      const digestIsPlanned = item.modelDigest === "" || item.modelDigest === executed.modelDigest;
      if (item.resultKey !== "" && !degraded && digestIsPlanned)
        await parts.results.store(item.resultKey, result, Date.now());
      await reportFact(bus, worker, item, { $case: "completed", value: { result } }, Date.now());
      observe("succeeded");
      log.info(
        { ...fields, ms: Math.round(performance.now() - startedMs), slotWaitMs: Math.round(executed.slotWaitMs) },
        "step done",
      );
      return { $case: "done" };
    } catch (caught) {
      const error = signal.aborted ? toAppError(signal.reason) : toOthersFailure(caught);
      if (error.reason === "CANCELLED") {
        observe("cancelled");
        log.info(fields, "step cancelled");
        return { $case: "done" };
      }
      // After the start a failure is told: starts without an end would make the step POISON.
      if (passing.has(error.reason) && !hasStarted) {
        observe("given_back");
        log.info({ ...fields, reason: error.reason, deliveries: delivery.deliveries }, "step given back");
        return giveBack(delivery.deliveries, Math.random());
      }
      observe("failed");
      log.warn(
        { ...fields, reason: error.reason, retryable: isRetryable(error.reason), err: error.cause ?? error },
        "step failed",
      );
      await reportFact(bus, worker, item, toFailedFact(error, item.stepId), Date.now());
      return { $case: "done" };
    } finally {
      progress.end();
    }
  }

  const stopNow = new AbortController();
  const consumer = consume(base.bus, {
    ...workConsumers(service),
    codec: WorkItem,
    concurrency: parts.config.concurrency,
    handle,
  });
  base.life.defer(
    "step worker",
    async () => {
      // What is running may end within the grace; then it is given back to be done elsewhere.
      const timer = setTimeout(() => stopNow.abort(), parts.config.stopGraceMs);
      await consumer.stop();
      clearTimeout(timer);
      endCancels();
    },
    parts.config.stopGraceMs + 5_000,
  );
  return consumer;
}

/** Only our own signal says that nobody wants the work any more: somebody else's cancelling is that somebody being away. */
function toOthersFailure(caught: unknown): AppError {
  const error = toAppError(caught);
  if (error.reason !== "CANCELLED") return error;
  return new AppError("SERVICE_UNAVAILABLE", "A service that this step needs let the call go", { cause: error });
}
