import { randomBytes } from "node:crypto";
import { expected } from "@pixelmesh/errors";
import { jobEstimateMicros, modelOf, operationOf } from "@pixelmesh/pipeline";
import type {
  EstimateCostRequest,
  EstimateCostResponse,
  JobSpec,
  Pipeline,
  Source,
  StepCostEstimate,
} from "@pixelmesh/proto";
import { parseDeadline } from "../domain/deadline.ts";
import { createJobId } from "../domain/job-id.ts";
import type { BudgetReader } from "../stores/budget-reader.ts";
import { callTenant } from "./call-tenant.ts";
import { expandHeader } from "./create-job/expand-header.ts";
import { type PlanParts, planSpec } from "./create-job/plan-spec.ts";

/** Dependencies of `createEstimateCost`. */
export type EstimateCostParts = {
  readonly planning: PlanParts;
  readonly budgets: Pick<BudgetReader, "left">;
  /** The default time to the deadline. */
  readonly jobDeadlineMs: number;
};

/** EstimateCost: plans a job as CreateJob does, with pictures of unknown sizes, and returns what its hosted models would cost. Stores nothing. */
export function createEstimateCost({ planning, budgets, jobDeadlineMs }: EstimateCostParts) {
  return async ({ header }: EstimateCostRequest): Promise<EstimateCostResponse> => {
    if (!header) throw expected("header", "set", "nothing");
    const tenant = callTenant();
    const nowUnixMs = Date.now();
    const { pipeline } = await expandHeader(planning, header);
    const spec = await planSpec(
      { ...planning, measureCompressions: async () => new Map() },
      { header, sources: unknownSources(pipeline) },
      {
        jobId: createJobId(nowUnixMs, randomBytes(16), { tenant, requestId: "" }),
        tenant,
        nowUnixMs,
        deadlineUnixMs: parseDeadline(header, nowUnixMs, jobDeadlineMs),
      },
    );
    const steps = toEstimates(spec);
    return {
      steps,
      totalMicros: jobEstimateMicros(spec),
      currency: steps.length > 0 ? (await planning.catalogue.remoteModels()).currency : "",
      budgetLeftMicros: (await budgets.left(tenant)) ?? -1,
    };
  };
}

/** The pictures that a pipeline takes; what is known of them does not change the costs. */
function unknownSources({ steps }: Pipeline): Source[] {
  const named = steps.flatMap(({ inputs }) =>
    inputs.flatMap(({ from }) => (from?.$case === "upload" ? [from.value] : [])),
  );
  return [...new Set(["source", ...named])].map((name) => ({ name, sha256: "", info: undefined }));
}

function toEstimates({ steps }: JobSpec): StepCostEstimate[] {
  return steps.flatMap(({ step, cost }) =>
    step && cost
      ? [{ stepId: step.id, model: modelOf(operationOf(step)), provider: cost.provider, micros: cost.estimateMicros }]
      : [],
  );
}
