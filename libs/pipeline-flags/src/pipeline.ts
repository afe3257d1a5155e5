import type { Format } from "@pixelmesh/flag-values";
import { type Encoding, ImageFormat, type Input, type Output, type Pipeline, type Step } from "@pixelmesh/proto";
import { type AskedOperation, askedOperations, type ToEffects } from "./operation-flags.ts";
import { mainOutput, type PipelineFlags } from "./pipeline-options.ts";

/**
 * The pipeline of a command: the operations that its flags ask for, each on the result of the one before. Each variant branches off
 * the last of them. Without any operation, the pipeline only writes the picture in another format.
 */
export function toPipeline(flags: PipelineFlags, toEffects: ToEffects): Pipeline {
  const asked = askedOperations(flags, toEffects);
  const main = toSteps(asked.length > 0 || flags.variants.length > 0 ? asked : [passThrough]);
  const encoding = toEncoding(flags);
  const last = main.at(-1);
  const variants = flags.variants.map((variant, index): { step: Step; output: Output } => {
    const { effects, inputs } = toEffects(variant.effects);
    const id = variant.name.length <= 24 ? `variant_${variant.name}` : `variant-${index + 1}`;
    return {
      step: {
        id,
        inputs: [last ? fromStep(last) : source, ...inputs],
        operation: { $case: "applyEffects", value: { effects } },
      },
      output: { name: variant.name, step: id, encoding },
    };
  });
  return {
    steps: [...main, ...variants.map(({ step }) => step)],
    outputs: [
      ...(last ? [{ name: mainOutput, step: last.id, encoding }] : []),
      ...variants.map(({ output }) => output),
    ],
  };
}

/** The encoding of the outputs. */
export function toEncoding({ format, encodeQuality, lossless }: PipelineFlags): Encoding {
  return { format: formats[format], quality: encodeQuality, lossless, background: "" };
}

const source: Input = { from: { $case: "upload", value: "source" } };

/** A prescale without bounds, which leaves the picture as it is. */
const passThrough: AskedOperation = {
  stepId: "prescale",
  operation: { $case: "prescale", value: { maxSidePx: 0, maxPixels: 0 } },
  moreInputs: () => [],
};

function toSteps(asked: readonly AskedOperation[]): Step[] {
  const steps: Step[] = [];
  let original = source;
  let end = source;
  for (const { stepId, operation, moreInputs } of asked) {
    if (operation.$case === "removeBackground") original = end;
    const step = { id: stepId, inputs: [end, ...moreInputs(original)], operation };
    steps.push(step);
    end = fromStep(step);
  }
  return steps;
}

function fromStep({ id }: { readonly id: string }): Input {
  return { from: { $case: "step", value: id } };
}

const formats: Readonly<Record<Format, ImageFormat>> = {
  auto: ImageFormat.AUTO,
  jpeg: ImageFormat.JPEG,
  png: ImageFormat.PNG,
  webp: ImageFormat.WEBP,
  avif: ImageFormat.AVIF,
};
