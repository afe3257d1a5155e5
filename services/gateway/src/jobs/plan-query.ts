import {
  type PipelineFlags,
  planEffects,
  planFeature,
  planRemoteModel,
  toPipeline,
  withSharedModel,
} from "@pixelmesh/pipeline-flags";
import type { EffectDescription, Model } from "@pixelmesh/proto";
import { inQuery, type QueryNames } from "../domain/typed-query.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import type { AskedWork } from "./job-header.ts";

/** A pipeline or a feature, and what the texts of its failures need. */
export type QueryPlan = {
  readonly work: AskedWork;
  readonly flags: PipelineFlags;
  readonly catalogue: readonly EffectDescription[];
};

/** Makes the pipeline or feature of a query. Asks ingest for effects, models and features only where names have settings or a task that matter. `names` are those of the query that differ from the flags. Throws INVALID_ARGUMENT. */
export async function planQuery(
  { jobs }: Pick<IngestClients, "jobs">,
  given: PipelineFlags,
  names: QueryNames,
  call: IngestCall,
): Promise<QueryPlan> {
  if (given.feature) {
    const { feature: text } = given;
    const isTyped = Object.keys(text.settings).length > 0;
    const features = isTyped ? (await jobs.listFeatures({}, call)).features : [];
    const { feature } = inQuery(() => planFeature(text, given, features, { refusalOf }), names);
    return { work: { feature }, flags: given, catalogue: [] };
  }
  const models = async (): Promise<readonly Model[]> => (await jobs.listModels({ task: "" }, call)).models;
  const shared = given.sharedModel === undefined ? given : withSharedModel(given, await models());
  const flags = shared.remoteModel ? await withRemoteStep(shared, shared.remoteModel) : shared;
  const catalogue = hasSettings(flags) ? (await jobs.listEffects({}, call)).effects : [];
  return inQuery(() => {
    const { toEffects } = planEffects(flags, catalogue, { nameOf: (file) => file, refusalOf });
    return { work: { pipeline: toPipeline(flags, toEffects) }, flags, catalogue };
  });

  async function withRemoteStep(of: PipelineFlags, text: NonNullable<PipelineFlags["remoteModel"]>) {
    const { models: hosted } = await jobs.listRemoteModels({}, call);
    const { remoteStep } = inQuery(() => planRemoteModel(text, hosted, { nameOf: (file) => file, refusalOf }));
    return { ...of, remoteStep };
  }
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
