import { AppError } from "@pixelmesh/errors";
import type { RowSink, RowSource } from "@pixelmesh/imaging";
import type { InferenceHost, Tile, TileResult } from "../host/host-types.ts";
import type { AvailableModel } from "../models/registry.ts";
import { planTiles, type Span, type TilePlan } from "./plan-tiles.ts";
import { type Band, cutTile, placeCore } from "./tile-pixels.ts";

/** What `runTiled` needs. */
export type RunTiledOptions = {
  /** Grey or RGB; alpha is the caller's to take off and put back. */
  readonly source: RowSource;
  /** `scale` times the source's sides, as many channels. */
  readonly sink: RowSink;
  readonly model: AvailableModel;
  readonly host: Pick<InferenceHost, "runTile">;
  /** Largest side of a tile, halo included. Default: the model's preferred one. */
  readonly tilePx?: number;
  /** The slot whose grant the host enforces. */
  readonly slotId?: string;
  readonly signal?: AbortSignal;
  /** The fraction of tiles that is done: rising, ending with 1. */
  readonly onProgress?: (fraction: number) => void;
};

/** What a tiled run did. */
export type TiledReport = { readonly tiles: number; readonly runMs: number };

const fallbackTilePx = 512;

type Cut = { readonly column: Span; readonly row: Span; readonly tile: Tile };

/**
 * Enlarges a picture tile by tile. Rows are read as they are needed and written strip by strip, so memory grows with the
 * picture's width only. While one tile is computed the next one is cut and waits in the host. Aborting stops at the next
 * tile and rejects when the host has let go of this work; so does any tile's failure, with that failure.
 */
export async function runTiled(options: RunTiledOptions): Promise<TiledReport> {
  const { model, sink } = options;
  assertShapes(options);
  const plan = planTiles({
    widthPx: options.source.widthPx,
    heightPx: options.source.heightPx,
    maxTilePx: options.tilePx ?? model.preferredTilesPx[0] ?? fallbackTilePx,
    haloPx: model.haloPx,
    sizeMultiple: model.sizeMultiple,
  });
  const stride = sink.widthPx * sink.channels;
  let strip: Uint8Array = new Uint8Array(0);
  let done = 0;
  let runMs = 0;

  for await (const { cut, result } of runAhead(cutTiles(options, plan), options)) {
    const { column, row } = cut;
    const heightPx = row.coreSize * model.scale;
    const wholeStrip = plan.columns.length === 1 && result.widthPx === sink.widthPx;
    if (wholeStrip) {
      const top = (row.coreStart - row.inputStart) * model.scale;
      strip = result.data.subarray(top * stride, (top + heightPx) * stride);
    } else {
      if (column === plan.columns[0]) strip = new Uint8Array(heightPx * stride);
      placeCore(result, column, row, model.scale, strip, stride);
    }
    if (column === plan.columns.at(-1)) await sink.writeRows(row.coreStart * model.scale, strip);
    runMs += result.runMs;
    done++;
    options.onProgress?.(done / plan.count);
  }
  return { tiles: plan.count, runMs };
}

/** The tiles of a picture, row by row of tiles. */
async function* cutTiles({ source }: RunTiledOptions, plan: TilePlan): AsyncGenerator<Cut> {
  for (const row of plan.rows) {
    const heightPx = Math.min(row.inputSize, source.heightPx - row.inputStart);
    const data = await source.readRows(row.inputStart, heightPx);
    const band: Band = { widthPx: source.widthPx, heightPx, channels: source.channels as 1 | 3, data };
    for (const column of plan.columns) yield { column, row, tile: cutTile(band, column, row) };
  }
}

/** Runs tiles in order with one more under way than has been taken. Leaves nothing running when it ends or is left. */
async function* runAhead(
  cuts: AsyncGenerator<Cut>,
  options: RunTiledOptions,
): AsyncGenerator<{ cut: Cut; result: TileResult }> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const slot = options.slotId === undefined ? {} : { slotId: options.slotId };
  const underWay: Promise<{ cut: Cut; result: TileResult }>[] = [];
  try {
    for await (const cut of cuts) {
      signal.throwIfAborted();
      const run = options.host.runTile(options.model, cut.tile, { ...slot, signal });
      const settled = run.then((result) => ({ cut, result }));
      settled.catch(() => {});
      underWay.push(settled);
      const first = underWay.length > 1 ? underWay.shift() : undefined;
      if (first) yield await first;
    }
    for (let first = underWay.shift(); first; first = underWay.shift()) yield await first;
  } finally {
    stop.abort();
    await Promise.allSettled(underWay);
  }
}

function assertShapes({ source, sink, model }: RunTiledOptions): void {
  const grey = source.channels === 1;
  if (model.task !== "upscale" || model.input.fixedSizePx !== null) {
    throw new AppError("INVALID_ARGUMENT", `Expected an upscaler of any size, got \`${model.name}\``);
  }
  if (!grey && source.channels !== 3)
    throw new AppError("INTERNAL", `Expected 1 or 3 channels, got ${source.channels}`);
  const fits =
    sink.widthPx === source.widthPx * model.scale &&
    sink.heightPx === source.heightPx * model.scale &&
    sink.channels === source.channels;
  if (!fits) throw new AppError("INTERNAL", `Expected a sink ${model.scale} times the source in both sides`);
}
