import { defaultLimits } from "@pixelmesh/imaging";
import { type Effect, Step } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { countAllocated } from "../../../test/allocated-bytes.ts";
import { settingsToTry } from "../../../test/effect-settings.ts";
import { toEffect } from "../../../test/pictures.ts";
import { stageOf } from "../../../test/stage-of.ts";
import { createEffectsHandler } from "../../steps/effects-step.ts";
import { createChainThreads } from "../../threads/chain-threads.ts";
import { type ChainPart, createChainStages } from "../rows/chain-stages.ts";
import { effectDescriptions, parseEffects } from "./catalogue.ts";

const widthPx = 4_096;

const shape = { widthPx, heightPx: 4_096, channels: 4 } as const;

/** Returns the bytes that the stages of a chain allocate for strips of one row. */
function allocatedBytes(effects: readonly Effect[]): Promise<number> {
  return countAllocated(async (space) => {
    const parts: ChainPart[] = [];
    for (const effect of parseEffects(effects)) parts.push({ shape, createStage: await stageOf(effect, space, shape) });
    createChainStages(space, parts, { shape, stripRows: 1, from: "bytes", to: "bytes" });
  });
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
  // Those that need the whole picture state their own memory, which their tests check.
  const ofRows = [...all, ...steep].filter((effect) => parseEffects([effect])[0]?.work.needsPicture === false);
  expect(new Set(ofRows.map(({ name }) => name)).size).toBeGreaterThan(25);
  const share = (await reserved([plain, plain])) - (await reserved([plain]));
  expect(share).toBeGreaterThan(0);
  const before = await allocatedBytes([plain]);
  for (const effect of ofRows)
    expect((await allocatedBytes([plain, effect])) - before, JSON.stringify(effect)).toBeLessThan(share);
});
