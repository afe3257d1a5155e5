import type { PipelineInput } from "@pixelmesh/client";

/** Effects of the demo, by the name of their output. */
const looks = {
  noir: { name: "black_and_white", parameters: { contrast: { kind: { $case: "number" as const, value: 1.3 } } } },
  pop: { name: "pop_art", parameters: {} },
  retro: { name: "retro_8bit", parameters: {} },
  dither: { name: "dither", parameters: {} },
};

/** Longest side that goes into the upscaler, so that the demo takes seconds on two cores. */
export const maxSourceSidePx = 512;

/** Upscale ×4, cut out, and four effects on the cut-out side by side. */
export function demoPipeline(): PipelineInput {
  const fromCutout = [{ from: { $case: "step" as const, value: "cutout" } }];
  return {
    steps: [
      { id: "fit", operation: { $case: "prescale", value: { maxSidePx: maxSourceSidePx } } },
      { id: "upscale", operation: { $case: "upscale", value: { scale: 4 } } },
      { id: "cutout", operation: { $case: "removeBackground", value: {} } },
      ...Object.entries(looks).map(([id, effect]) => ({
        id,
        inputs: fromCutout,
        operation: { $case: "applyEffects" as const, value: { effects: [effect] } },
      })),
    ],
    outputs: ["upscale", "cutout", ...Object.keys(looks)].map((name) => ({ name, step: name })),
  };
}
