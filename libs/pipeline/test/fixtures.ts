import {
  CreateJobHeader,
  EffectDescription,
  ImageFormat,
  type Input,
  type JobEvent,
  type JobSpec,
  Model,
  Output,
  ParameterType,
  Pipeline,
  Quality,
  RemoteModel,
  Source,
  type Step,
  StepResult,
} from "@pixelmesh/proto";
import { type Catalogue, type PlanRequest, planJob, type Wanted, wantedOf } from "../src/index.ts";

export const createdUnixMs = 1_000_000;
export const deadlineUnixMs = createdUnixMs + 900_000;

const model = (name: string, task: string, scale: number, more: Partial<Model> = {}) =>
  Model.create({ name, task, scale, digest: sha(name), available: true, ...more });

export const catalogue: Catalogue = {
  upscaleModels: [
    model("fine-x2", "upscale", 2, { isDefault: true }),
    model("fine-x4", "upscale", 4, { isDefault: true }),
    model("anime-x4", "upscale", 4),
    model("missing-x4", "upscale", 4, { available: false, digest: "", unavailableReason: "the file is not here" }),
  ],
  matteModels: [model("salient", "matte", 1, { isDefault: true }), model("portrait", "matte", 1)],
  remoteModels: [
    RemoteModel.create({
      name: "face-restorer",
      provider: "replicate",
      digest: sha("face-restorer"),
      available: true,
      parameters: [
        parameter("fidelity", ParameterType.NUMBER, { $case: "number", value: 0.5 }, { minimum: 0, maximum: 1 }),
      ],
    }),
  ],
  effects: [
    EffectDescription.create({ name: "grey", revision: 3 }),
    EffectDescription.create({
      name: "dither",
      revision: 1,
      parameters: [
        parameter("levels", ParameterType.INTEGER, { $case: "number", value: 2 }, { minimum: 2, maximum: 16 }),
        parameter("strength", ParameterType.NUMBER, { $case: "number", value: 1 }, { minimum: 0, maximum: 1 }),
        parameter("palette", ParameterType.CHOICE, { $case: "text", value: "mono" }, { choices: ["mono", "cga"] }),
        parameter("serpentine", ParameterType.FLAG, { $case: "flag", value: true }),
        parameter("ink", ParameterType.COLOR, { $case: "color", value: "#000000" }),
        parameter("paper", ParameterType.COLOR, { $case: "color", value: "#ffffff80" }),
      ],
    }),
  ],
};

function parameter(
  name: string,
  type: ParameterType,
  kind:
    | { $case: "number"; value: number }
    | { $case: "text"; value: string }
    | { $case: "flag"; value: boolean }
    | { $case: "color"; value: string },
  more: { minimum?: number; maximum?: number; choices?: string[] } = {},
) {
  return { name, type, defaultValue: { kind }, ...more };
}

/** 64 hex digits that differ for different texts. No hash. */
export function sha(text: string): string {
  return Buffer.from(text).toString("hex").padEnd(64, "0").slice(-64);
}

export const fromStep = (id: string): Input => ({ from: { $case: "step", value: id } });
export const fromUpload = (name: string): Input => ({ from: { $case: "upload", value: name } });

export function step(id: string, operation: NonNullable<Step["operation"]>, ...inputs: Input[]): Step {
  return { id, inputs, operation };
}
export const prescale = (maxSidePx: number, maxPixels = 0) =>
  ({ $case: "prescale", value: { maxSidePx, maxPixels } }) as const;
export const upscale = (scale: number, name = "") => ({ $case: "upscale", value: { scale, model: name } }) as const;
export const cutOut = (name = "") => ({ $case: "removeBackground", value: { model: name } }) as const;
export const effects = (...names: string[]) =>
  ({ $case: "applyEffects", value: { effects: names.map((name) => ({ name, parameters: {} })) } }) as const;
export const remote = (model: string) =>
  ({ $case: "remoteModel", value: { model, parameters: {}, result: 0 } }) as const;
export const blur = (sigma: number) =>
  ({ $case: "replaceBackground", value: { background: { $case: "blurSigmaPx", value: sigma } } }) as const;

export function pipeline(
  steps: Step[],
  outputs: { name: string; step?: string; format?: ImageFormat }[] = [],
): Pipeline {
  return Pipeline.create({
    steps,
    outputs: outputs.map(({ name, step: from = "", format = ImageFormat.AUTO }) =>
      Output.create({ name, step: from, encoding: { format } }),
    ),
  });
}

export function source(widthPx = 640, heightPx = 480, name = "source"): Source {
  const info = { format: ImageFormat.PNG, widthPx, heightPx, channels: 3, sizeBytes: 1234 };
  return Source.create({ name, sha256: sha(`upload ${name}`), info });
}

export function plan(
  asked: Pipeline,
  header: Partial<CreateJobHeader> = {},
  more: Partial<PlanRequest> & { sources?: readonly Source[] } = {},
): JobSpec {
  return planJob({
    jobId: "job-1",
    header: CreateJobHeader.create({ pipeline: asked, ...header }),
    sources: [source()],
    tenant: "default",
    nowUnixMs: createdUnixMs,
    deadlineUnixMs,
    catalogue,
    limits: { maxOutputPixels: 100_000_000 },
    ...more,
  });
}

/** A result that covers a need. Its digests follow from `made`, which names the step and attempt. */
export function resultFor(wanted: Wanted, made: string, more: Partial<StepResult> = {}): StepResult {
  const blob = (text: string) => ({ sha256: sha(`${made} ${text}`), sizeBytes: 10, mediaType: "image/png" });
  return StepResult.create({
    ...(wanted.storeFrame ? { frame: blob("frame") } : {}),
    outputs: wanted.outputs.map(({ encoding }) => ({
      ...(encoding ? { encoding } : {}),
      format: ImageFormat.PNG,
      blob: blob(`as ${encoding?.format}`),
    })),
    provenance: { jobId: "job-1", worker: "worker", model: "m", provider: "cpu", runMs: 40 },
    widthPx: 640,
    heightPx: 480,
    channels: 3,
    ...more,
  });
}

type EventKind = NonNullable<JobEvent["event"]>;

export function event(stepId: string, attempt: number, atUnixMs: number, happened: EventKind): JobEvent {
  return { jobId: "job-1", stepId, attempt, atUnixMs, worker: "worker", resultKey: "", event: happened };
}
export const started = (id: string, attempt = 1, atUnixMs = createdUnixMs + 10) =>
  event(id, attempt, atUnixMs, { $case: "started", value: {} });
export const completed = (spec: JobSpec, id: string, attempt = 1, atUnixMs = createdUnixMs + 100) =>
  event(id, attempt, atUnixMs, {
    $case: "completed",
    value: { result: resultFor(wantedOf(spec, id), `${id}.${attempt}`) },
  });
export function failed(id: string, attempt: number, reason: number, atUnixMs = createdUnixMs + 50): JobEvent {
  const error = { reason: reason as never, message: "as published", stepId: "" };
  return event(id, attempt, atUnixMs, { $case: "failed", value: { error } });
}

export const fast = { quality: Quality.FAST };
