import { createFrameSink, createFrameSource, type Frame, type RowSink, type RowSource } from "@pixelmesh/imaging";
import type { ParsedEffect } from "../../src/domain/catalogue/define-effect.ts";
import { toRgb } from "../../src/domain/color/color.ts";
import { chainShape } from "../../src/domain/picture/picture-rows.ts";
import { blackAndWhite } from "./black-and-white.ts";
import { dither } from "./dither.ts";
import { readFloatRows, writeFloatRows } from "./float-rows.ts";
import { popArt } from "./pop-art.ts";
import { retro8bit } from "./retro-8bit.ts";
import type { RowShape, RowTransform } from "./rows.ts";

const effects: Readonly<Record<string, (settings: never, shape: RowShape) => RowTransform>> = {
  black_and_white: blackAndWhite,
  pop_art: popArt,
  retro_8bit: retro8bit,
  dither,
};

/**
 * Applies a chain as the kernels must, bit by bit: readable loops in doubles over rows of floats, one effect after another. The order of
 * each sum is part of it.
 */
export async function runReference(source: RowSource, sink: RowSink, chain: readonly ParsedEffect[]): Promise<void> {
  const shape = chainShape(source);
  let rows = readFloatRows(source, shape.channels);
  for (const effect of chain) {
    const create = effects[effect.name];
    if (!create) throw new Error(`Expected a reference for the effect ${effect.name}`);
    rows = create(settingsOf(effect) as never, shape)(rows);
  }
  await writeFloatRows(rows, sink, () => {});
}

/** Does the same for a whole frame. */
export async function applyReference(frame: Frame, chain: readonly ParsedEffect[]): Promise<Frame> {
  const { widthPx, heightPx, channels } = chainShape(frame);
  const sink = createFrameSink(widthPx, heightPx, channels);
  await runReference(createFrameSource(frame), sink, chain);
  return sink.frame;
}

function settingsOf({ resolved }: ParsedEffect): Record<string, unknown> {
  const values = Object.entries(resolved.parameters).map(([name, { kind }]) => [
    name,
    kind?.$case === "color" ? toRgb(kind.value) : kind?.value,
  ]);
  return Object.fromEntries(values);
}
