import type { WorkerParts } from "@pixelmesh/worker";
import type { CatalogueClient } from "./adapters/catalogue-client.ts";
import type { BucketSpace } from "./admission/bucket-space.ts";
import type { OpenJobLimiter } from "./admission/open-job-limiter.ts";
import type { AssertCallbackSpace } from "./callbacks/callback-space.ts";
import type { IngestConfig } from "./config.ts";
import type { Measurements } from "./open-orchestrator.ts";
import type { Stores } from "./open-stores.ts";
import type { Orchestrator } from "./orchestrator/orchestrator.ts";
import { type AcceptJob, createAcceptJob } from "./rpc/create-job/accept-job.ts";
import type { PlanParts } from "./rpc/create-job/plan-spec.ts";
import type { BudgetReader } from "./stores/budget-reader.ts";
import { createMeasureCompressions } from "./stores/compressions.ts";
import { createInspector, type InspectPicture } from "./stores/inspections.ts";

/** The way of a new job into the mesh, which calls and batches share. */
export type Intake = {
  readonly inspect: InspectPicture;
  readonly planning: PlanParts;
  readonly accept: AcceptJob;
};

/** Dependencies of `createIntake`. */
export type IntakeParts = {
  readonly worker: WorkerParts;
  readonly stores: Pick<Stores, "store">;
  readonly orchestrator: Pick<Orchestrator, "start">;
  readonly catalogue: CatalogueClient;
  readonly measured: Measurements;
  readonly limiter: OpenJobLimiter;
  readonly space: BucketSpace;
  readonly assertCallbackSpace: AssertCallbackSpace;
  readonly budgets: BudgetReader;
  readonly config: Pick<IngestConfig, "interactivePerTenant" | "remoteAllowed">;
};

/** Creates an intake, once for a replica: its jobs take turns. */
export function createIntake(parts: IntakeParts): Intake {
  const { worker, stores, orchestrator, catalogue, measured, limiter, space, config } = parts;
  const { base, blobs, limits, transfers } = worker;
  const { rates, load, stats } = measured;
  return {
    inspect: createInspector(limits),
    planning: {
      catalogue,
      limits,
      rates,
      load,
      measureCompressions: createMeasureCompressions({ blobs, uploads: transfers.uploads, limits }),
      limiter,
      interactivePerTenant: config.interactivePerTenant,
      isRemoteAllowed: config.remoteAllowed,
    },
    accept: createAcceptJob({
      base,
      stats,
      store: stores.store,
      orchestrator,
      blobs,
      space,
      assertCallbackSpace: parts.assertCallbackSpace,
      budgets: parts.budgets,
      isRemoteAllowed: config.remoteAllowed,
    }),
  };
}
