import { type Effect, ImageFormat, type Input, type Output, type Pipeline, type Step } from "@pixelmesh/proto";
import type { EffectText } from "./effect-text.ts";
import { hasMainSteps, mainOutput, type RunFlags } from "./flags.ts";
import type { Format } from "./formats.ts";

/** Name under which a `--background` picture is uploaded. */
export const backgroundUpload = "background";

type Operation = NonNullable<Step["operation"]>;

/**
 * The pipeline of a command: prescale, upscale, remove and replace the background, effects, in this order and as far as
 * asked for; each variant branches off the end. Asked for nothing, it passes the picture through to be written anew.
 */
export function toPipeline(flags: RunFlags, toEffect: (text: EffectText) => Effect): Pipeline {
  const { maxSidePx, upscale, background, effects } = flags;
  const steps: Step[] = [];
  let end: Input = upload("source");

  function add(id: string, operation: Operation, ...more: readonly Input[]): void {
    steps.push({ id, inputs: [end, ...more], operation });
    end = { from: { $case: "step", value: id } };
  }

  if (maxSidePx !== undefined || (!hasMainSteps(flags) && flags.variants.length === 0)) {
    add("prescale", { $case: "prescale", value: { maxSidePx: maxSidePx ?? 0, maxPixels: 0 } });
  }
  if (upscale) add("upscale", { $case: "upscale", value: upscale });
  if (flags.removeBackground) {
    const original = end;
    add("remove_background", { $case: "removeBackground", value: { model: flags.cutoutModel } });
    if (background?.kind === "color") {
      add("replace_background", replaceBy({ $case: "color", value: background.color }));
    } else if (background?.kind === "blur") {
      add("replace_background", replaceBy({ $case: "blurSigmaPx", value: background.sigmaPx }), original);
    } else if (background?.kind === "picture") {
      add("replace_background", replaceBy({ $case: "picture", value: {} }), upload(backgroundUpload));
    }
  }
  if (effects.length > 0) add("effects", { $case: "applyEffects", value: { effects: effects.map(toEffect) } });

  const encoding = {
    format: formats[flags.format],
    quality: flags.encodeQuality,
    lossless: flags.lossless,
    background: "",
  };
  const outputs: Output[] = steps.length > 0 ? [{ name: mainOutput, step: steps.at(-1)?.id ?? "", encoding }] : [];
  const branch = end;
  for (const [index, variant] of flags.variants.entries()) {
    const id = variant.name.length <= 24 ? `variant_${variant.name}` : `variant-${index + 1}`;
    steps.push({
      id,
      inputs: [branch],
      operation: { $case: "applyEffects", value: { effects: variant.effects.map(toEffect) } },
    });
    outputs.push({ name: variant.name, step: id, encoding });
  }
  return { steps, outputs };
}

const formats: Readonly<Record<Format, ImageFormat>> = {
  auto: ImageFormat.AUTO,
  jpeg: ImageFormat.JPEG,
  png: ImageFormat.PNG,
  webp: ImageFormat.WEBP,
  avif: ImageFormat.AVIF,
};

type Background = Extract<Operation, { $case: "replaceBackground" }>["value"]["background"];

function replaceBy(background: NonNullable<Background>): Operation {
  return { $case: "replaceBackground", value: { background } };
}

function upload(name: string): Input {
  return { from: { $case: "upload", value: name } };
}
