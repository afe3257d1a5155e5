import {
  type OperationCase,
  type OperationOf,
  type OperationValues,
  operationCases,
  operations,
} from "@pixelmesh/pipeline";
import type { Effect, Input, UpscaleOperation } from "@pixelmesh/proto";
import type { RoleName } from "@pixelmesh/roles";
import type { Background } from "./background.ts";
import type { EffectText } from "./effect-text.ts";

/** The flags of `run` that ask for steps, `--variant` excluded. */
export type StepFlags = {
  readonly maxSidePx: number | undefined;
  readonly upscale: UpscaleOperation | undefined;
  readonly removeBackground: boolean;
  /** The model to cut out by; empty: the default. */
  readonly cutoutModel: string;
  readonly background: Background | undefined;
  readonly effects: readonly EffectText[];
};

/** Converts an effect as it was typed. */
export type ToEffect = (text: EffectText) => Effect;

/** Name under which a `--background` picture is uploaded. */
export const backgroundUpload = "background";

/** The flags of one operation, and the step that they make. */
type OperationFlags<C extends OperationCase> = {
  /** Id of the step. */
  readonly stepId: string;
  /** The flag that sets each field of the operation, by how the field's path begins. The last entry, "", is for all others. */
  readonly flagOfField: readonly (readonly [field: string, flag: string])[];
  /** The operation that the flags ask for; undefined where they ask for none. */
  toValue(flags: StepFlags, toEffect: ToEffect): OperationValues[C] | undefined;
  /** The inputs after the first. `original` is the picture before it was cut out. */
  moreInputs?(flags: StepFlags, original: Input): readonly Input[];
};

/** The flags of each operation. Steps run in the order of the pipeline's table of operations. */
export const operationFlags: { readonly [C in OperationCase]: OperationFlags<C> } = {
  prescale: {
    stepId: "prescale",
    flagOfField: [["", "--max-side"]],
    toValue: ({ maxSidePx }) => (maxSidePx === undefined ? undefined : { maxSidePx, maxPixels: 0 }),
  },
  upscale: {
    stepId: "upscale",
    flagOfField: [
      ["denoise", "--denoise"],
      ["finishing.sharpen", "--sharpen"],
      ["finishing.contrast", "--contrast"],
      ["target.height", "--height"],
      ["target", "--width"],
      ["model", "--model"],
      ["", "--upscale"],
    ],
    toValue: ({ upscale }) => upscale,
  },
  removeBackground: {
    stepId: "remove_background",
    flagOfField: [
      ["model", "--model"],
      ["", "--remove-background"],
    ],
    toValue: ({ removeBackground, cutoutModel }) => (removeBackground ? { model: cutoutModel } : undefined),
  },
  replaceBackground: {
    stepId: "replace_background",
    flagOfField: [["", "--background"]],
    toValue: ({ background }) => background && { background: toReplacement(background) },
    moreInputs({ background }, original) {
      if (background?.kind === "blur") return [original];
      return background?.kind === "picture" ? [{ from: { $case: "upload", value: backgroundUpload } }] : [];
    },
  },
  applyEffects: {
    stepId: "effects",
    // `--effect` and `--variant` name the effect as well.
    flagOfField: [],
    toValue: ({ effects }, toEffect) => (effects.length > 0 ? { effects: effects.map(toEffect) } : undefined),
  },
};

/** An operation that the flags ask for. */
export type AskedOperation = {
  readonly stepId: string;
  readonly operation: OperationOf<OperationCase>;
  readonly moreInputs: (original: Input) => readonly Input[];
};

/** The operations that the flags ask for, in the order in which they run. */
export function askedOperations(flags: StepFlags, toEffect: ToEffect): AskedOperation[] {
  return operationCases.flatMap((name) => toAsked(name, flags, toEffect) ?? []);
}

function toAsked<C extends OperationCase>($case: C, flags: StepFlags, toEffect: ToEffect): AskedOperation | undefined {
  const { stepId, toValue, moreInputs } = operationFlags[$case];
  const value = toValue(flags, toEffect);
  if (value === undefined) return undefined;
  return {
    stepId,
    operation: { $case, value } as OperationOf<OperationCase>,
    moreInputs: (original) => moreInputs?.(flags, original) ?? [],
  };
}

/** The roles whose processes run the operations that the flags ask for. */
export function askedRoles(flags: StepFlags): RoleName[] {
  return askedOperations(flags, ({ name }) => ({ name, parameters: {} })).map(
    ({ operation }) => operations[operation.$case].role,
  );
}

type Replacement = NonNullable<OperationValues["replaceBackground"]["background"]>;

function toReplacement(background: Background): Replacement {
  switch (background.kind) {
    case "color":
      return { $case: "color", value: background.color };
    case "blur":
      return { $case: "blurSigmaPx", value: background.sigmaPx };
    case "picture":
      return { $case: "picture", value: {} };
  }
}
