import { type PipelineFlags, planEffects, toPipeline, withSharedModel } from "@pixelmesh/pipeline-flags";
import type { EffectDescription, Model, Pipeline } from "@pixelmesh/proto";
import { inQuery } from "../domain/typed-query.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";

/** A pipeline, and what the texts of its failures need. */
export type QueryPlan = {
  readonly pipeline: Pipeline;
  readonly flags: PipelineFlags;
  readonly catalogue: readonly EffectDescription[];
};

/** Makes the pipeline of a query. Asks ingest for effects and models only where names have settings or a task that matter. Throws INVALID_ARGUMENT. */
export async function planQuery(
  { jobs }: Pick<IngestClients, "jobs">,
  given: PipelineFlags,
  call: IngestCall,
): Promise<QueryPlan> {
  const models = async (): Promise<readonly Model[]> => (await jobs.listModels({ task: "" }, call)).models;
  const flags = given.sharedModel === undefined ? given : withSharedModel(given, await models());
  const catalogue = hasSettings(flags) ? (await jobs.listEffects({}, call)).effects : [];
  return inQuery(() => {
    const { toEffects } = planEffects(flags, catalogue, { nameOf: (file) => file, refusalOf });
    return { pipeline: toPipeline(flags, toEffects), flags, catalogue };
  });
}

/** Whether an effect has settings, whose types the catalogue decides. */
function hasSettings({ effects, variants }: PipelineFlags): boolean {
  return [...effects, ...variants.flatMap((variant) => variant.effects)].some(
    ({ settings }) => Object.keys(settings).length > 0,
  );
}

function refusalOf(file: string): string | undefined {
  return /^[a-z][a-z0-9_-]{0,31}$/.test(file) && file !== "picture"
    ? undefined
    : "@NAME, the name of a further file of the form: 1 to 32 of a-z, 0-9, _ and -";
}
