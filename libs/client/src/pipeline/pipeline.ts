import type { Input, Output, PrescaleOperation, Step } from "@pixelmesh/proto";
import {
  type EffectSettings,
  type NamedEffect,
  picturesOf,
  toEffectMessage,
  toSettingValues,
} from "./effect-values.ts";
import { type OutputEncoding, toEncodingMessage } from "./encoding.ts";
import {
  type BackgroundSettings,
  type CutOutSettings,
  type Operation,
  toCutOut,
  toReplacement,
  toUpscale,
  type UpscaleSettings,
} from "./operations.ts";
import type { PipelineInput } from "./pipeline-input.ts";

/** A pipeline, built step by step: each step takes the result of the one before. Immutable: every method returns a new one. */
export type PipelineBuilder = {
  /** Shrinks the picture to bounds in pixels; never enlarges it. */
  prescale(bounds: Partial<PrescaleOperation>): PipelineBuilder;
  /** Enlarges the picture: a scale of 2, 3 or 4, or settings. */
  upscale(settings: number | UpscaleSettings): PipelineBuilder;
  /** Cuts out the object. */
  removeBackground(settings?: CutOutSettings): PipelineBuilder;
  /** Puts a background behind a cut-out. A blur takes the picture from before the latest `removeBackground`. */
  replaceBackground(background: BackgroundSettings): PipelineBuilder;
  /** Applies an effect. Up to 16 effects in a row are one step, which is rounded once. */
  effect(name: string, settings?: EffectSettings): PipelineBuilder;
  /** Applies effects as a step of their own; `defaultOrder`: in the catalogue's order where it has one. */
  effects(effects: readonly NamedEffect[], options?: { readonly defaultOrder?: boolean }): PipelineBuilder;
  /**
   * Sends the picture to a hosted model, outside of the mesh. `settings` are those that the operator's manifest lists (`mesh.remoteModels()`); missing ones take its
   * defaults.
   */
  remoteModel(name: string, settings?: EffectSettings, options?: RemoteModelOptions): PipelineBuilder;
  /** Branches off here: the steps that `build` adds make a further output of this name. The pipeline itself continues from here. */
  variant(name: string, build: (from: PipelineBuilder) => PipelineBuilder, encoding?: OutputEncoding): PipelineBuilder;
  /** Keeps the result so far as an output of this name. Without any output or variant, the last result is the output `result`. */
  output(name: string, encoding?: OutputEncoding): PipelineBuilder;
  /** Returns the message. Operations and sizes are checked by the mesh, when a job is created. */
  toMessage(): PipelineInput;
};

/** How an answer of a hosted model is used. */
export type RemoteModelOptions = {
  /** Which picture of an answer with several ones is the result: 1 to 16. Default: the first. */
  readonly result?: number;
};

/** Returns an empty pipeline, which keeps the picture as it is. */
export function pipeline(): PipelineBuilder {
  return build({ steps: [], outputs: [], end: source, original: source, isOpen: false });
}

/** Returns the message of a pipeline, which may be one already. */
export function toPipelineMessage(given: PipelineInput | PipelineBuilder): PipelineInput {
  return "toMessage" in given && typeof given.toMessage === "function"
    ? (given as PipelineBuilder).toMessage()
    : (given as PipelineInput);
}

type State = {
  readonly steps: readonly Step[];
  readonly outputs: readonly Output[];
  /** What the next step takes. */
  readonly end: Input;
  /** What the latest cut-out was made of. */
  readonly original: Input;
  /** Whether a further effect belongs to the last step: nothing else takes its result yet. */
  readonly isOpen: boolean;
};

/** Ids of the first step of each operation of the contract. A method has to be added for a new one. */
const stepIds: Readonly<Record<Operation["$case"], string>> = {
  prescale: "prescale",
  upscale: "upscale",
  removeBackground: "remove_background",
  replaceBackground: "replace_background",
  applyEffects: "apply_effects",
  remoteModel: "remote_model",
};

const source: Input = { from: { $case: "upload", value: "source" } };
const maxEffects = 16;
const states = new WeakMap<PipelineBuilder, State>();

function build(state: State): PipelineBuilder {
  const builder: PipelineBuilder = {
    prescale: ({ maxSidePx = 0, maxPixels = 0 }) =>
      build(addStep(state, { $case: "prescale", value: { maxSidePx, maxPixels } })),
    upscale: (settings) => build(addStep(state, toUpscale(settings))),
    removeBackground: (settings = {}) => build({ ...addStep(state, toCutOut(settings)), original: state.end }),
    replaceBackground: (background) =>
      build(addStep(state, toReplacement(background), secondInput(background, state.original))),
    effect: (name, settings = {}) => build(addEffect(state, { name, settings })),
    effects: (effects, { defaultOrder } = {}) => build(addEffects(state, effects, defaultOrder)),
    remoteModel: (name, settings = {}, { result = 1 } = {}) => build(addRemoteModel(state, name, settings, result)),
    variant(name, add, encoding = {}) {
      const branch = states.get(add(build({ ...state, isOpen: false })));
      if (branch === undefined) throw new TypeError("Expected a variant to return the pipeline that it was given");
      const { steps, outputs } = addOutput(branch, name, encoding);
      return build({ ...state, steps, outputs, isOpen: false });
    },
    output: (name, encoding = {}) => build(addOutput(state, name, encoding)),
    toMessage() {
      const { steps, outputs } = state.steps.length > 0 ? state : addStep(state, passThrough);
      return { steps: [...steps], outputs: [...outputs] };
    },
  };
  states.set(builder, state);
  return builder;
}

/** A prescale without bounds, which leaves the picture as it is: an output needs a step. */
const passThrough: Operation = { $case: "prescale", value: { maxSidePx: 0, maxPixels: 0 } };

function addStep(state: State, operation: Operation, more: readonly Input[] = []): State {
  const name = stepIds[operation.$case];
  const count = state.steps.filter((step) => step.operation?.$case === operation.$case).length;
  const id = count === 0 ? name : `${name}-${count + 1}`;
  const step = { id, inputs: [state.end, ...more], operation };
  return { ...state, steps: [...state.steps, step], end: { from: { $case: "step", value: id } }, isOpen: false };
}

function addEffects(state: State, effects: readonly NamedEffect[], defaultOrder?: boolean): State {
  const pictures = picturesOf(effects);
  const messages = effects.map((effect) => toEffectMessage(effect, (name) => pictures.indexOf(name) + 1));
  return addStep(
    state,
    { $case: "applyEffects", value: { effects: messages, ...(defaultOrder === undefined ? {} : { defaultOrder }) } },
    pictures.map(toUpload),
  );
}

function addRemoteModel(state: State, model: string, settings: EffectSettings, result: number): State {
  const pictures = picturesOf([{ name: model, settings }]);
  const parameters = toSettingValues(settings, (name) => pictures.indexOf(name) + 1);
  return addStep(state, { $case: "remoteModel", value: { model, parameters, result } }, pictures.map(toUpload));
}

function addEffect(state: State, effect: NamedEffect): State {
  const last = state.steps.at(-1);
  const isFull = last?.operation?.$case !== "applyEffects" || last.operation.value.effects.length >= maxEffects;
  if (!state.isOpen || last === undefined || isFull) return { ...addEffects(state, [effect]), isOpen: true };
  const inputs = [...last.inputs];
  const placeOf = (picture: string) => {
    const known = inputs.findIndex(({ from }, at) => at > 0 && from?.$case === "upload" && from.value === picture);
    return known > 0 ? known : inputs.push(toUpload(picture)) - 1;
  };
  const { effects } = (last.operation as Extract<Operation, { $case: "applyEffects" }>).value;
  const value = { effects: [...effects, toEffectMessage(effect, placeOf)] };
  return {
    ...state,
    steps: [...state.steps.slice(0, -1), { ...last, inputs, operation: { $case: "applyEffects", value } }],
  };
}

function addOutput(state: State, name: string, encoding: OutputEncoding): State {
  const ended = state.end.from?.$case === "step" ? state : addStep(state, passThrough);
  const step = ended.end.from?.value ?? "";
  const output = { name, step, encoding: toEncodingMessage(encoding) };
  return { ...ended, outputs: [...ended.outputs, output], isOpen: false };
}

/** Returns the second input of a new background. */
function secondInput(background: BackgroundSettings, original: Input): Input[] {
  if (typeof background === "string") return [];
  if ("picture" in background) return [toUpload(background.picture)];
  return "blurSigmaPx" in background ? [original] : [];
}

function toUpload(name: string): Input {
  return { from: { $case: "upload", value: name } };
}
