import type { RowSource } from "@pixelmesh/imaging";
import type { AvailableModel } from "../models/registry.ts";
import type { InferenceHost, Tile, TileResult } from "../supervisor/types.ts";
import { type Blend, runBlended } from "./blend.ts";
import { planTiles, type Region } from "./plan-tiles.ts";
import { createStitcher, type Unit } from "./stitch.ts";
import { fitsTile } from "./tile-grid.ts";
import { type Band, cutTile } from "./tile-pixels.ts";

/** With what tiles are run. */
export type TileMeans = {
  readonly host: Pick<InferenceHost, "runTile">;
  /** Largest tile, as `fitsTile` has it. */
  readonly tilePx: number;
  /** The slot whose grant the host enforces. */
  readonly slotId?: string | undefined;
};

/** A tile that failed. No other tile is under way while this is looked at. */
export type TileFailure = {
  readonly error: unknown;
  /** What it was tried with. */
  readonly means: TileMeans;
  /** How often this tile has failed by now, 1 the first time. */
  readonly failures: number;
};

/** A picture in work. */
export type TiledWork = {
  readonly source: RowSource;
  readonly model: AvailableModel;
  /** A second model whose results are mixed in. */
  readonly blend: Blend | undefined;
  readonly featherPx: number;
  /** What the next tiles are run with. */
  means: TileMeans;
  /**
   * Answers with what a failed tile, and all after it, are to be tried again, or rejects with what the run shall fail with.
   * Rows that were given away stay; a tile that is too large for the new means is done in parts.
   */
  readonly recover: (failure: TileFailure) => Promise<TileMeans>;
  /** Memory where rows of the result will lie, see `RowSink`. */
  readonly roomFor: (y: number, count: number) => Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** Aborts `signal` when the work has failed. */
  readonly stop: AbortController;
  /** Called after each tile that the host has run. */
  readonly onRun: (result: TileResult) => void;
};

type Outcome = { readonly result: TileResult } | { readonly error: unknown; readonly means: TileMeans };

/** A tile in hand; `outcome` is null until it has been given to a host. */
type InHand = { readonly unit: Unit; readonly tile: Tile; outcome: Promise<Outcome> | null };

const tilesUnderWay = 2;

/**
 * Enlarges a region tile by tile: the next tile is cut and waits in the host while one is computed. Finished rows go to
 * `emit`, strip by strip; `onDone` hears of the core pixels of each tile that is done. Nothing is running when it ends.
 */
export async function runRegion(
  work: TiledWork,
  region: Region,
  emit: (y: number, rows: Uint8Array) => Promise<void>,
  onDone: (pixels: number) => void = () => {},
): Promise<void> {
  const channels = work.source.channels as 1 | 3;
  const { featherPx, model } = work;
  const stitcher = createStitcher({ region, scale: model.scale, channels, featherPx, emit });
  const inHand: InHand[] = [];

  async function finish(first: InHand): Promise<void> {
    const { unit } = first;
    await stitcher.add(unit, await settle(work, first, inHand));
    onDone(unit.column.coreSize * unit.row.coreSize);
  }

  try {
    for await (const next of cutTiles(work, region)) {
      work.signal.throwIfAborted();
      begin(work, next);
      inHand.push(next);
      const first = inHand.length < tilesUnderWay ? undefined : inHand.shift();
      if (first) await finish(first);
    }
    for (let first = inHand.shift(); first; first = inHand.shift()) await finish(first);
  } catch (error) {
    work.stop.abort();
    await allSettled(inHand);
    throw error;
  }
}

/** The tiles of a region, row by row of tiles. What remains is planned anew where the means have changed. */
async function* cutTiles(work: TiledWork, region: Region): AsyncGenerator<InHand> {
  const { source, model } = work;
  const bottom = region.top + region.heightPx;
  for (let top = region.top; top < bottom; ) {
    const { tilePx } = work.means;
    const { columns, rows } = planTiles({
      widthPx: source.widthPx,
      heightPx: source.heightPx,
      region: { ...region, top, heightPx: bottom - top },
      tilePx,
      haloPx: model.haloPx,
      sizeMultiple: model.sizeMultiple,
    });
    for (const row of rows) {
      if (work.means.tilePx !== tilePx) break;
      const heightPx = Math.min(row.inputSize, source.heightPx - row.inputStart);
      const data = await source.readRows(row.inputStart, heightPx);
      const band: Band = { widthPx: source.widthPx, heightPx, channels: source.channels as 1 | 3, data };
      for (const column of columns) {
        yield { unit: { column, row }, tile: cutTile(band, column, row), outcome: null };
      }
      top = row.coreStart + row.coreSize;
    }
  }
}

/** Gives a tile to the host. One that is too large by now is done in parts when its turn comes. */
function begin(work: TiledWork, inHand: InHand): void {
  const { means } = work;
  inHand.outcome = fitsTile(inHand.tile, means.tilePx) ? runOnce(work, inHand.tile, means) : null;
}

async function runOnce(work: TiledWork, tile: Tile, means: TileMeans): Promise<Outcome> {
  const { model, blend, signal, onRun } = work;
  const slot = means.slotId === undefined ? {} : { slotId: means.slotId };
  try {
    const result = await runBlended(means.host, model, blend, tile, { ...slot, signal, into: findRoom(work, tile) });
    onRun(result);
    return { result };
  } catch (error) {
    return { error, means };
  }
}

/** A tile that is the whole picture answers to where the result will lie. */
function findRoom({ source, model, roomFor }: TiledWork, { widthPx, heightPx }: Tile): Uint8Array | undefined {
  const isWhole = widthPx === source.widthPx && heightPx === source.heightPx;
  return isWhole ? roomFor(0, heightPx * model.scale) : undefined;
}

/**
 * The result of a tile, recovered from its failures as long as `recover` knows a way. Others that failed meanwhile, most
 * likely with the same host, are begun anew after it.
 */
async function settle(work: TiledWork, first: InHand, others: readonly InHand[]): Promise<TileResult> {
  for (let failures = 1; ; failures++) {
    const outcome = await first.outcome;
    if (outcome !== null && "result" in outcome) return outcome.result;
    const settled = await allSettled(others);
    if (outcome === null) return runInParts(work, first);
    work.signal.throwIfAborted();
    work.means = await work.recover({ ...outcome, failures });
    begin(work, first);
    for (const { each, outcome } of settled) if (outcome !== null && "error" in outcome) begin(work, each);
  }
}

function allSettled(inHand: readonly InHand[]): Promise<{ each: InHand; outcome: Outcome | null }[]> {
  return Promise.all(inHand.map(async (each) => ({ each, outcome: await each.outcome })));
}

/** The result of a tile that has become too large: what of it is kept, in smaller tiles. */
async function runInParts(work: TiledWork, { unit, tile }: InHand): Promise<TileResult> {
  const { source, model, featherPx } = work;
  const { scale } = model;
  const { channels } = tile;
  const whole = new Uint8Array(tile.data.length * scale ** 2);
  const [left, right] = kept(unit.column, source.widthPx);
  const [top, bottom] = kept(unit.row, source.heightPx);
  const region = { left, top, widthPx: right - left, heightPx: bottom - top };
  const stride = tile.widthPx * scale * channels;
  const bytes = region.widthPx * scale * channels;
  await runRegion(work, region, async (y, rows) => {
    for (let row = 0; row < rows.length / bytes; row++) {
      const at =
        ((top - unit.row.inputStart) * scale + y + row) * stride + (left - unit.column.inputStart) * scale * channels;
      whole.set(rows.subarray(row * bytes, (row + 1) * bytes), at);
    }
  });
  return { widthPx: tile.widthPx * scale, heightPx: tile.heightPx * scale, channels, data: whole, runMs: 0 };

  function kept({ coreStart, coreSize }: { coreStart: number; coreSize: number }, sidePx: number): [number, number] {
    return [Math.max(0, coreStart - featherPx), Math.min(sidePx, coreStart + coreSize + featherPx)];
  }
}
