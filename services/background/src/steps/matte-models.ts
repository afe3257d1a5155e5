import { AppError, expected, type Reason, toAppError } from "@pixelmesh/errors";
import { type AvailableModel, matteInputSize } from "@pixelmesh/inference";
import { confidenceRule, largerModels, type SizedModel } from "@pixelmesh/pipeline";
import type { RemoveBackgroundOperation, Step } from "@pixelmesh/proto";
import { type Models, openModelRun, type StepContext, type StepGrant } from "@pixelmesh/worker";
import { chooseMatte, type Judged, type MatteChoice } from "../domain/cut-out/choose-matte.ts";
import type { Infer } from "../domain/cut-out/matte.ts";
import type { Size } from "../domain/planes/plane.ts";

/** A model that a cut-out is prepared with. */
export type MatteModel = {
  /** Size at which it gets a picture. */
  readonly sizeFor: (picture: Size) => Size;
  readonly stretch: boolean;
  /** Runs it on pixels of this size. */
  readonly inferAt: (size: Size) => Infer;
};

/** Prepares a cut-out with the step's model, and with larger ones where its confidence is too low. */
export type FindMatte = <Prepared extends Judged>(
  prepare: (model: MatteModel) => Promise<Prepared>,
) => Promise<Pick<MatteChoice<Prepared>, "prepared" | "notices">>;

/** The models of one cut-out, each of which runs under a slot of its own. */
export type MatteRuns = {
  readonly findMatte: FindMatte;
  /** The facts about the models for the step's outcome. */
  readonly outcome: () => {
    readonly provider?: string;
    readonly madeBy?: { readonly model: string; readonly modelDigest: string };
    readonly isShareable?: boolean;
  };
};

/** Failures of one model. Another model may still be used. */
const failuresOfModel: readonly Reason[] = [
  "UNKNOWN_MODEL",
  "MODEL_UNAVAILABLE",
  "MODEL_INVALID",
  "INFERENCE_FAILED",
  "RESULT_INVALID",
  "OUT_OF_MEMORY",
  "NO_DEVICE_FITS",
];

/** Opens the models of a cut-out. Its run begins with the slot of `context`, and holds a slot again when the matte is found. */
export function openMatteRuns(models: Models, step: Step, context: StepContext): MatteRuns {
  const { signal } = context;
  const providers = new Map<string, string>();
  let made: { readonly model: string; readonly skipped: readonly string[] } | undefined;
  let holdsSlot = true;

  async function runModel<Prepared>(
    model: AvailableModel,
    grant: StepGrant,
    prepare: (model: MatteModel) => Promise<Prepared>,
  ): Promise<Prepared> {
    const held = await openModelRun(models, model, { ...context, ...grant });
    try {
      const prepared = await prepare({
        sizeFor: (picture) => matteInputSize(model, picture),
        stretch: model.output.stretch,
        inferAt: (size) => async (rgb) => {
          const small = { ...size, channels: 3, data: rgb } as const;
          const run = held.runWithRecovery(({ host, slotId }) => host.runMatte(model, small, { slotId, signal }));
          return (await run).data;
        },
      });
      providers.set(model.name, held.provider());
      return prepared;
    } finally {
      held.close();
    }
  }

  /** A model that fails may leave the step without a slot. */
  async function runLargerModel<Prepared>(
    name: string,
    prepare: (model: MatteModel) => Promise<Prepared>,
  ): Promise<Prepared> {
    const next = withModel(step, name);
    const model = findMatteModel(models, next);
    holdsSlot = false;
    const prepared = await runModel(model, await context.nextSlot(next), prepare);
    holdsSlot = true;
    return prepared;
  }

  function reasonToSkip(error: unknown): string | undefined {
    if (signal.aborted) return undefined;
    const { reason, message } = toAppError(error);
    return failuresOfModel.includes(reason) ? message : undefined;
  }

  return {
    async findMatte(prepare) {
      const own = findMatteModel(models, step);
      const rule = confidenceRule(operationOf(step));
      const larger = rule?.retries ? (context.largerModels ?? largerModels(toSized(own), sizedModels(models))) : [];
      const { model, prepared, notices, skipped } = await chooseMatte(
        [
          { model: own.name, prepare: () => runModel(own, context, prepare) },
          ...larger.map(({ name }) => ({ model: name, prepare: () => runLargerModel(name, prepare) })),
        ],
        { rule, reasonToSkip },
      );
      if (!holdsSlot) await context.nextSlot(withModel(step, model));
      made = { model, skipped };
      return { prepared, notices };
    },
    outcome() {
      if (made === undefined) return {};
      const { model, skipped } = made;
      const planned = context.largerModels ?? [];
      const isAsPlanned = planned.every(({ name, digest }) => !providers.has(name) || digestOf(name) === digest);
      const provider = providers.get(model) ?? "";
      const isShareable = skipped.length === 0 && isAsPlanned;
      return { provider, madeBy: { model, modelDigest: digestOf(model) }, isShareable };
    },
  };

  function digestOf(name: string): string {
    return models.registry.find(name).digest;
  }
}

/** Returns the model that a step runs first. Throws as the registry does, and INVALID_ARGUMENT for a model of another task. */
export function findMatteModel({ registry }: Models, step: Step): AvailableModel {
  const { model: name } = operationOf(step);
  const model = name === "" ? registry.defaultFor("matte") : registry.find(name);
  if (model.task !== "matte") throw expected("model", "a model for mattes", name);
  return model;
}

/** Returns the operation of a step. Throws UNKNOWN_OPERATION for another one. */
export function operationOf({ operation }: Step): RemoveBackgroundOperation {
  if (operation?.$case === "removeBackground") return operation.value;
  throw new AppError("UNKNOWN_OPERATION", "Expected a remove_background step");
}

function withModel(step: Step, model: string): Step {
  return { ...step, operation: { $case: "removeBackground", value: { ...operationOf(step), model } } };
}

function sizedModels({ registry }: Models): SizedModel[] {
  return registry.list().flatMap(({ entry, available }) => {
    return entry.task === "matte" && available ? [toSized(available)] : [];
  });
}

function toSized({ name, digest, sizeBytes }: AvailableModel): SizedModel {
  return { name, digest, sizeBytes, available: true };
}
