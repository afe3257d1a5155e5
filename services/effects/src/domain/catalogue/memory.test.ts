import { defaultLimits } from "@pixelmesh/imaging";
import { type Effect, Step } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { settingsToTry } from "../../../test/effect-settings.ts";
import { toEffect } from "../../../test/pictures.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { createEffectsHandler } from "../../steps/effects-step.ts";
import { createChainThreads } from "../../threads/chain-threads.ts";
import { createChainStages } from "../rows/chain-stages.ts";
import { effectDescriptions, parseEffects } from "./catalogue.ts";

const widthPx = 4_096;

/** Returns the bytes that the stages of a chain allocate for strips of one row. */
function allocatedBytes(effects: readonly Effect[]): number {
  const space = openKernelSpace();
  let bytes = 0;
  const counted: typeof space = {
    ...space,
    allocate(count) {
      bytes += count;
      return space.allocate(count);
    },
    constant(table) {
      bytes += table.byteLength;
      return space.constant(table);
    },
  };
  try {
    createChainStages(counted, { widthPx, heightPx: 4_096, channels: 4 }, 4, parseEffects(effects), 1);
  } finally {
    space.close();
  }
  return bytes;
}

test("no effect allocates more than the step reserves for it", async () => {
  const threads = createChainThreads(1);
  onTestFinished(threads.close);
  const { need } = createEffectsHandler(threads);
  const reserved = async (effects: readonly Effect[]) => {
    const step = Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value: { effects: [...effects] } } });
    const { options } = await need(step, [{ widthPx, heightPx: 4_096, channels: 4 }], defaultLimits);
    return options[0]?.peakBytes ?? 0;
  };
  const plain = toEffect("invert");
  // Long lengths and steep angles together, which each parameter at its extremes does not have.
  const steep = [
    toEffect("motion", { length: 128, angle: 90 }),
    toEffect("rgb_split", { shift: 64, angle: 90 }),
    toEffect("rgb_split", { shift: 64, angle: 89 }),
  ];
  const all = effectDescriptions().flatMap((effect) =>
    settingsToTry(effect).map((parameters): Effect => ({ name: effect.name, parameters })),
  );
  const share = (await reserved([plain, plain])) - (await reserved([plain]));
  expect(share).toBeGreaterThan(0);
  const before = allocatedBytes([plain]);
  for (const effect of [...all, ...steep])
    expect(allocatedBytes([plain, effect]) - before, JSON.stringify(effect)).toBeLessThan(share);
});
