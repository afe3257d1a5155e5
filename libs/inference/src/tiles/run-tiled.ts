import { AppError } from "@pixelmesh/errors";
import type { RowSink, RowSource } from "@pixelmesh/imaging";
import type { AvailableModel } from "../models/registry.ts";
import type { InferenceHost } from "../supervisor/inference-host.ts";
import { type Blend, toBlendedModel } from "./blend.ts";
import { toFeatherPx } from "./feather.ts";
import { runRegion, type TiledWork, type TileFailure, type TileResources } from "./run-region.ts";

/** Options of `runTiled`. */
export type RunTiledOptions = {
  /** Grey or RGB. The caller removes alpha before and adds it after. */
  readonly source: RowSource;
  /** `scale` times the source's sides, as many channels. */
  readonly sink: RowSink;
  readonly model: AvailableModel;
  /** A second model of the same scale whose results are mixed in. */
  readonly blend?: Blend | undefined;
  readonly host: Pick<InferenceHost, "runTile">;
  /** Largest tile, halo included; see `TileRules.tilePx`. Default: the first preferred size of the model. */
  readonly tilePx?: number;
  /** The slot whose grant the host enforces. */
  readonly slotId?: string | undefined;
  readonly signal?: AbortSignal;
  /** Receives the fraction of the picture that is done: it rises and ends with 1. */
  readonly onProgress?: (fraction: number) => void;
  /**
   * Called after a tile failed. Resolves with the resources for another try of this tile and for all later ones, or rejects
   * with the error that ends the run. Default: the first failure ends the run.
   */
  readonly recover?: (failure: TileFailure) => Promise<TileResources>;
};

/** Number of tiles that were run, and the time of their sessions in ms. */
export type TiledReport = { readonly tiles: number; readonly runMs: number };

const fallbackTilePx = 512;

/**
 * Enlarges a picture tile by tile. Rows are read when they are needed and written strip by strip, so memory grows with the
 * picture's width only. While one tile is computed, the next one is cut and waits in the host. An abort, or a tile's failure
 * without recovery, stops at the next tile; the run rejects once the host has stopped working on it.
 */
export async function runTiled(options: RunTiledOptions): Promise<TiledReport> {
  const { source, sink, blend, slotId } = options;
  assertShapes(options);
  const model = toBlendedModel(options.model, blend);
  const stop = new AbortController();
  const pixels = source.widthPx * source.heightPx;
  let tiles = 0;
  let runMs = 0;
  let done = 0;
  const work: TiledWork = {
    source,
    model,
    blend,
    featherPx: toFeatherPx(model),
    resources: { host: options.host, tilePx: options.tilePx ?? model.preferredTilesPx[0] ?? fallbackTilePx, slotId },
    recover: options.recover ?? (({ error }) => Promise.reject(error)),
    signal: options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal,
    stop,
    memoryFor: sink.memoryFor ?? (() => undefined),
    onRun(result) {
      tiles++;
      runMs += result.runMs;
    },
  };
  const region = { left: 0, top: 0, widthPx: source.widthPx, heightPx: source.heightPx };
  await runRegion(
    work,
    region,
    (y, rows) => sink.writeRows(y, rows),
    (corePixels) => {
      done += corePixels;
      options.onProgress?.(done / pixels);
    },
  );
  return { tiles, runMs };
}

function assertShapes({ source, sink, model, blend }: RunTiledOptions): void {
  const grey = source.channels === 1;
  for (const each of blend ? [model, blend.model] : [model]) {
    if (each.task !== "upscale" || each.input.fixedSizePx !== null || each.scale !== model.scale) {
      throw new AppError("INVALID_ARGUMENT", `Expected an upscaler of any size, got \`${each.name}\``);
    }
  }
  if (!grey && source.channels !== 3)
    throw new AppError("INTERNAL", `Expected 1 or 3 channels, got ${source.channels}`);
  const fits =
    sink.widthPx === source.widthPx * model.scale &&
    sink.heightPx === source.heightPx * model.scale &&
    sink.channels === source.channels;
  if (!fits) throw new AppError("INTERNAL", `Expected a sink ${model.scale} times the source in both sides`);
}
