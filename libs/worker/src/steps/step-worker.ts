import {
  type Consumer,
  consume,
  createMessageAges,
  type Delivery,
  openStore,
  workConsumers,
  workTemplate,
} from "@pixelmesh/bus";
import { type HandlersOf, isJobEnded, isStepEnded } from "@pixelmesh/pipeline";
import { JobRecord, WorkItem } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";
import { withCallInfo } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import type { RasterHandler } from "../step-handler.ts";
import { createCancellations } from "./cancellations.ts";
import { createLanes } from "./lanes.ts";
import { toLocalDeadline } from "./local-deadline.ts";
import { createProgressPublisher } from "./progress-publisher.ts";
import { createStepRunner } from "./run-step.ts";

/** A step of a full lane is delivered again after this time or up to twice as long: soon enough that its lane never runs empty meanwhile. */
const laneFullMs = 2_000;

/** For a role of which many steps wait for their slots at once, without their pictures. */
export type ManySteps = {
  /** Most steps in hand. */
  readonly inHand: number;
  /** Steps of one lane wait for the same thing. More of them than `perLane` go back to the queue for a while, so that they keep no others waiting. */
  laneOf(item: WorkItem): string;
  readonly perLane: number;
};

/**
 * Consumes the work queue of a role until the lifecycle closes. Running steps get the stop grace time, then they are requeued. Without `many`, at most
 * `concurrency` steps are in hand.
 */
export async function startStepWorker<R extends WorkerRole>(
  parts: WorkerParts,
  role: R,
  handlers: HandlersOf<R, RasterHandler>,
  many?: ManySteps,
): Promise<Consumer> {
  const { base, config } = parts;
  const records = await openStore(base.bus, "jobs", JobRecord);
  const cancellations = createCancellations(base.bus);
  const publisher = createProgressPublisher(base.bus);
  const runStep = createStepRunner(parts, handlers, publisher);
  const ages = createMessageAges();
  const lanes = createLanes(many);

  /** Whether the job record still asks for this attempt. The job may have ended, or the attempt may be outdated. */
  async function isWanted({ jobId, stepId, attempt }: WorkItem): Promise<boolean> {
    const record = (await records.get(`record.${jobId}`))?.value;
    const step = record?.steps.find(({ id }) => id === stepId);
    if (record === undefined || step === undefined) return false;
    return !isJobEnded(record.state) && !isStepEnded(step.state) && step.attempt === attempt;
  }

  function observeWait({ subject }: Delivery, waitedMs: number): void {
    const [, queue = "", priority = ""] = subject.split(".");
    base.metrics.observe("pixelmesh_queue_wait_seconds", { queue, priority }, waitedMs / 1000);
  }

  const consumer = consume(base.bus, {
    ...workConsumers(role),
    codec: WorkItem,
    concurrency: many?.inHand ?? config.concurrency,
    describe: (item) => ({ name: `process ${workTemplate(role)}`, attributes: toSpanAttributes(role, item) }),
    async handle(sent, delivery) {
      const ageMs = ages.of(delivery.storedUnixMs);
      const item = { ...sent, deadlineUnixMs: toLocalDeadline(sent, ageMs, Date.now()) };
      // Cancellations are received before the record is read, so that a job that ends in between is noticed.
      return cancellations.run(item, async (signal) => {
        if (!(await isWanted(item))) return { $case: "ack" };
        const leaveLane = lanes.enter(item);
        if (leaveLane === undefined) return { $case: "nak", delayMs: laneFullMs * (1 + Math.random()) };
        observeWait(delivery, ageMs);
        const { tenant, deadlineUnixMs } = item;
        return withCallInfo({ tenant, deadlineUnixMs }, () => runStep(item, delivery, signal)).finally(leaveLane);
      });
    },
  });
  base.life.defer(
    "step worker",
    async () => {
      const timer = setTimeout(cancellations.stopAll, config.stopGraceMs);
      await consumer.stop();
      clearTimeout(timer);
      cancellations.close();
      publisher.close();
    },
    config.stopGraceMs + 5_000,
  );
  return consumer;
}

function toSpanAttributes(role: WorkerRole, { jobId, stepId, attempt, step }: WorkItem) {
  return {
    "messaging.destination.template": workTemplate(role),
    "messaging.message.conversation_id": jobId,
    "pixelmesh.job.id": jobId,
    "pixelmesh.step.id": stepId,
    "pixelmesh.operation": step?.operation?.$case ?? "none",
    "pixelmesh.attempt": attempt,
  };
}
