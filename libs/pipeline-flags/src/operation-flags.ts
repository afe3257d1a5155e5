import type { Background, CutOutSettings, EffectText, Placement } from "@pixelmesh/flag-values";
import {
  type OperationCase,
  type OperationOf,
  type OperationValues,
  operationCases,
  operations,
} from "@pixelmesh/pipeline";
import {
  CutOutResult,
  type Effect,
  ExistingAlpha,
  type Input,
  LowConfidence,
  type PictureBackground,
  PictureFit,
  Refinement,
  type RemoteModelOperation,
  type UpscaleOperation,
} from "@pixelmesh/proto";
import type { RoleName } from "@pixelmesh/roles";

/** The flags of `run` that ask for steps, `--variant` excluded. */
export type StepFlags = {
  readonly maxSidePx: number | undefined;
  readonly upscale: UpscaleOperation | undefined;
  readonly removeBackground: boolean;
  /** The model to cut out by; empty: the default. */
  readonly cutoutModel: string;
  readonly cutOut: CutOutSettings;
  readonly background: Background | undefined;
  /** How a picture fills the background. */
  readonly placement: Placement;
  readonly effects: readonly EffectText[];
  /** Whether the effects are a set, which runs in the default order. */
  readonly defaultOrder: boolean;
  /** A hosted model as it was typed. */
  readonly remoteModel: EffectText | undefined;
  /** The same with the types of the manifest, and the further pictures that it takes; undefined before these are known. */
  readonly remoteStep?: { readonly operation: RemoteModelOperation; readonly inputs: readonly Input[] };
};

/** Converts the effects of a step as they were typed; `inputs` are the further pictures that they take. */
export type ToEffects = (texts: readonly EffectText[]) => {
  readonly effects: Effect[];
  readonly inputs: readonly Input[];
};

/** Name under which a `--background` picture is uploaded. */
export const backgroundUpload = "background";

/** The flags of one operation, and the step that they make. */
type OperationFlags<C extends OperationCase> = {
  /** Id of the step. */
  readonly stepId: string;
  /** The flag that sets each field of the operation, by how the field's path begins. The last entry, "", is for all others. */
  readonly flagOfField: readonly (readonly [field: string, flag: string])[];
  /** The operation that the flags ask for; undefined where they ask for none. */
  toValue(flags: StepFlags, toEffects: ToEffects): OperationValues[C] | undefined;
  /** The inputs after the first. `original` is the picture before it was cut out. */
  moreInputs?(flags: StepFlags, original: Input, toEffects: ToEffects): readonly Input[];
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
      ["", "--cut-out"],
    ],
    toValue: ({ removeBackground, cutoutModel, cutOut }) =>
      removeBackground ? { model: cutoutModel, ...toCutOut(cutOut) } : undefined,
  },
  replaceBackground: {
    stepId: "replace_background",
    flagOfField: [["", "--background"]],
    toValue: ({ background, placement }) => background && { background: toReplacement(background, placement) },
    moreInputs({ background }, original) {
      if (background?.kind === "blur") return [original];
      return background?.kind === "picture" ? [{ from: { $case: "upload", value: backgroundUpload } }] : [];
    },
  },
  applyEffects: {
    stepId: "effects",
    // `--effect` and `--variant` name the effect as well.
    flagOfField: [],
    toValue: ({ effects, defaultOrder }, toEffects) =>
      effects.length > 0
        ? { effects: toEffects(effects).effects, ...(defaultOrder ? { defaultOrder } : {}) }
        : undefined,
    moreInputs: ({ effects }, _, toEffects) => toEffects(effects).inputs,
  },
  remoteModel: {
    stepId: "remote",
    flagOfField: [["", "--remote-model"]],
    toValue: ({ remoteModel, remoteStep }) =>
      remoteStep?.operation ?? (remoteModel && { model: remoteModel.name, parameters: {}, result: 0 }),
    moreInputs: ({ remoteStep }) => remoteStep?.inputs ?? [],
  },
};

/** An operation that the flags ask for. */
export type AskedOperation = {
  readonly stepId: string;
  readonly operation: OperationOf<OperationCase>;
  readonly moreInputs: (original: Input) => readonly Input[];
};

/** The operations that the flags ask for, in the order in which they run. */
export function askedOperations(flags: StepFlags, toEffects: ToEffects): AskedOperation[] {
  return operationCases.flatMap((name) => toAsked(name, flags, toEffects) ?? []);
}

function toAsked<C extends OperationCase>(
  $case: C,
  flags: StepFlags,
  toEffects: ToEffects,
): AskedOperation | undefined {
  const { stepId, toValue, moreInputs } = operationFlags[$case];
  const value = toValue(flags, toEffects);
  if (value === undefined) return undefined;
  return {
    stepId,
    operation: { $case, value } as OperationOf<OperationCase>,
    moreInputs: (original) => moreInputs?.(flags, original, toEffects) ?? [],
  };
}

/** The roles whose processes run the operations that the flags ask for. */
export function askedRoles(flags: StepFlags): RoleName[] {
  return askedOperations(flags, () => ({ effects: [], inputs: [] })).map(
    ({ operation }) => operations[operation.$case].role,
  );
}

type Replacement = NonNullable<OperationValues["replaceBackground"]["background"]>;

function toReplacement(background: Background, placement: Placement): Replacement {
  switch (background.kind) {
    case "color":
      return { $case: "color", value: background.color };
    case "blur":
      return { $case: "blurSigmaPx", value: background.sigmaPx };
    case "gradient":
      return { $case: "gradient", value: { colors: [...background.colors], angle: background.angle } };
    case "picture":
      return { $case: "picture", value: toPicture(placement) };
  }
}

const fits = {
  cover: PictureFit.COVER,
  contain: PictureFit.CONTAIN,
  stretch: PictureFit.STRETCH,
  tile: PictureFit.TILE,
} satisfies Record<NonNullable<Placement["fit"]>, PictureFit>;

function toPicture({ fit, position, color }: Placement): PictureBackground {
  return {
    ...(fit === undefined ? {} : { fit: fits[fit] }),
    ...(position === undefined ? {} : { positionX: position[0], positionY: position[1] }),
    ...(color === undefined ? {} : { color }),
  };
}

const alphas = {
  auto: ExistingAlpha.AUTO,
  multiply: ExistingAlpha.MULTIPLY,
  replace: ExistingAlpha.REPLACE,
  keep: ExistingAlpha.KEEP,
} satisfies Record<NonNullable<CutOutSettings["existingAlpha"]>, ExistingAlpha>;

const refinements = {
  guided: Refinement.GUIDED,
  none: Refinement.NONE,
} satisfies Record<NonNullable<CutOutSettings["refine"]>, Refinement>;

const results = {
  cut_out: CutOutResult.CUT_OUT,
  matte: CutOutResult.MATTE,
} satisfies Record<NonNullable<CutOutSettings["result"]>, CutOutResult>;

const doubts = {
  retry: LowConfidence.RETRY,
  fail: LowConfidence.FAIL,
} satisfies Record<NonNullable<CutOutSettings["onLowConfidence"]>, LowConfidence>;

function toCutOut({
  existingAlpha,
  refine,
  result,
  onLowConfidence,
  ...others
}: CutOutSettings): Omit<OperationValues["removeBackground"], "model"> {
  return {
    ...others,
    ...(existingAlpha === undefined ? {} : { existingAlpha: alphas[existingAlpha] }),
    ...(refine === undefined ? {} : { refine: refinements[refine] }),
    ...(result === undefined ? {} : { result: results[result] }),
    ...(onLowConfidence === undefined ? {} : { onLowConfidence: doubts[onLowConfidence] }),
  };
}
