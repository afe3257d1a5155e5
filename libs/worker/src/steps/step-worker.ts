import {
  type Consumer,
  consume,
  createMessageAges,
  type Delivery,
  openStore,
  workConsumers,
  workTemplate,
} from "@pixelmesh/bus";
import { isJobEnded, isStepEnded } from "@pixelmesh/pipeline";
import { JobRecord, WorkItem } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";
import { withCallFacts } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import type { AnyHandler } from "../step-handler.ts";
import { createRunningSteps } from "./cancellations.ts";
import { toOwnDeadline } from "./own-deadline.ts";
import { createProgressReports } from "./progress-reports.ts";
import { createStepRun } from "./run-step.ts";

/** Handlers of a service by operation, as the oneof of a Step names them. */
export type StepHandlers = Readonly<Record<string, AnyHandler>>;

/** Takes this service's steps from its queue until closed. */
export async function startStepWorker(
  parts: WorkerParts,
  service: WorkerRole,
  handlers: StepHandlers,
): Promise<Consumer> {
  const { base } = parts;
  const records = await openStore(base.bus, "jobs", JobRecord);
  const running = createRunningSteps(base.bus);
  const reports = createProgressReports(base.bus);
  const runStep = createStepRun(parts, handlers, reports);

  /** The record says whether a message still stands for work: its job may have ended, its attempt may be over. */
  async function isWanted({ jobId, stepId, attempt }: WorkItem): Promise<boolean> {
    const record = (await records.get(`record.${jobId}`))?.value;
    const step = record?.steps.find(({ id }) => id === stepId);
    return record !== undefined && step !== undefined && !isJobEnded(record.state) && !isStepEnded(step.state)
      ? step.attempt === attempt
      : false;
  }

  const ages = createMessageAges();

  function observeWait({ subject }: Delivery, waitedMs: number): void {
    const queue = subject.split(".").slice(1, 3).join(".");
    base.metrics.observe("pixelmesh_queue_wait_seconds", { queue }, waitedMs / 1000);
  }

  const consumer = consume(base.bus, {
    ...workConsumers(service),
    codec: WorkItem,
    concurrency: parts.config.concurrency,
    describe: ({ jobId, stepId, attempt, step }) => ({
      name: `process ${workTemplate(service)}`,
      attributes: {
        "messaging.destination.template": workTemplate(service),
        "messaging.message.conversation_id": jobId,
        "pixelmesh.job.id": jobId,
        "pixelmesh.step.id": stepId,
        "pixelmesh.stage": step?.operation?.$case ?? "none",
        "pixelmesh.attempt": attempt,
      },
    }),
    async handle(sent, delivery) {
      const ageMs = ages.of(delivery.storedUnixMs);
      const item = { ...sent, deadlineUnixMs: toOwnDeadline(sent, ageMs, Date.now()) };
      // Listening before looking: a job that ends in between is heard of.
      return running.run(item, async (signal) => {
        if (!(await isWanted(item))) return { $case: "done" };
        observeWait(delivery, ageMs);
        const { tenant, deadlineUnixMs } = item;
        return withCallFacts({ tenant, deadlineUnixMs }, () => runStep(item, delivery, signal));
      });
    },
  });
  base.life.defer(
    "step worker",
    async () => {
      // What is running may end within the grace; then it is given back to be done elsewhere.
      const timer = setTimeout(running.stopNow, parts.config.stopGraceMs);
      await consumer.stop();
      clearTimeout(timer);
      running.close();
      reports.close();
    },
    parts.config.stopGraceMs + 5_000,
  );
  return consumer;
}
