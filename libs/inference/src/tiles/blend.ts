import type { AvailableModel } from "../models/registry.ts";
import type { InferenceHost } from "../supervisor/inference-host.ts";
import type { RunOptions, Tile, TileResult } from "../supervisor/tile.ts";
import { mixInto } from "./feather.ts";

/** A second model of the same scale: results are `1 - weight` of the first and `weight` of this one. */
export type Blend = { readonly model: AvailableModel; readonly weight: number };

/** Returns the model with the context and size multiples that it and the blended model both need. */
export function toBlendedModel(model: AvailableModel, blend: Blend | undefined): AvailableModel {
  if (!blend) return model;
  const radii = [model.receptiveRadiusPx, blend.model.receptiveRadiusPx];
  return {
    ...model,
    haloPx: Math.max(model.haloPx, blend.model.haloPx),
    receptiveRadiusPx: radii.includes(null) ? null : Math.max(...radii.map((radius) => radius ?? 0)),
    sizeMultiple: leastCommonMultiple(model.sizeMultiple, blend.model.sizeMultiple),
  };
}

/** Runs a tile through both models, one after the other, and mixes the results in 8 bits. For a weight of 0 or 1 it runs one model. */
export async function runBlended(
  host: Pick<InferenceHost, "runTile">,
  model: AvailableModel,
  blend: Blend | undefined,
  tile: Tile,
  options: RunOptions,
): Promise<TileResult> {
  if (!blend || blend.weight === 0) return host.runTile(model, tile, options);
  if (blend.weight === 1) return host.runTile(blend.model, tile, options);
  const { into: _into, ...elsewhere } = options;
  const second = await host.runTile(blend.model, tile, elsewhere);
  const first = await host.runTile(model, tile, options);
  mixInto(first.data, second.data, blend.weight);
  return { ...first, runMs: first.runMs + second.runMs };
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a * b) / divisor;
}
