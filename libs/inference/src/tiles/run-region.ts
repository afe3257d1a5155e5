import type { RowSource } from "@pixelmesh/imaging";
import type { AvailableModel } from "../models/registry.ts";
import type { InferenceHost } from "../supervisor/inference-host.ts";
import type { Tile, TileResult } from "../supervisor/tile.ts";
import { type Blend, runBlended } from "./blend.ts";
import { planTiles, type Region } from "./plan-tiles.ts";
import { createStitcher, type TilePosition } from "./stitch.ts";
import { fitsTile } from "./tile-grid.ts";
import { type Band, cutTile } from "./tile-pixels.ts";

/** The host, tile size and slot that tiles are run with. */
export type TileResources = {
  readonly host: Pick<InferenceHost, "runTile">;
  /** Largest tile; see `TileRules.tilePx`. */
  readonly tilePx: number;
  /** The slot whose grant the host enforces. */
  readonly slotId?: string | undefined;
};

/** A tile that failed. No other tile is running while the failure is handled. */
export type TileFailure = {
  readonly error: unknown;
  /** The resources of the failed run. */
  readonly resources: TileResources;
  /** How often this tile has failed, 1 the first time. */
  readonly failures: number;
};

/** The state of a tiled run. */
export type TiledWork = {
  readonly source: RowSource;
  readonly model: AvailableModel;
  /** A second model whose results are mixed in. */
  readonly blend: Blend | undefined;
  readonly featherPx: number;
  /** The resources of the next tiles. */
  resources: TileResources;
  /**
   * Called after a tile failed. Resolves with the resources for another try of this tile and for all later ones, or rejects
   * with the error that ends the run. Emitted rows are kept. A tile that is too large for the new resources is run in parts.
   */
  readonly recover: (failure: TileFailure) => Promise<TileResources>;
  /** Memory for rows of the result; see `RowSink`. */
  readonly memoryFor: (y: number, count: number) => Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** Aborts `signal` after a failure. */
  readonly stop: AbortController;
  /** Called after each tile that the host has run. */
  readonly onRun: (result: TileResult) => void;
};

type Outcome = { readonly result: TileResult } | { readonly error: unknown; readonly resources: TileResources };

/** A tile in progress; `outcome` is null until it was sent to a host. */
type TileInProgress = { readonly position: TilePosition; readonly tile: Tile; outcome: Promise<Outcome> | null };

const maxTilesInProgress = 2;

/**
 * Enlarges a region tile by tile. The next tile is cut and waits in the host while one is computed. Complete rows go to
 * `emit`, strip by strip. `onDone` receives the number of core pixels of each tile that is done. No tile is running after the
 * returned promise has resolved or rejected.
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
  const inProgress: TileInProgress[] = [];

  async function finish(first: TileInProgress): Promise<void> {
    const { column, row } = first.position;
    await stitcher.add(first.position, await resultOf(work, first, inProgress));
    onDone(column.coreSize * row.coreSize);
  }

  try {
    for await (const next of cutTiles(work, region)) {
      work.signal.throwIfAborted();
      begin(work, next);
      inProgress.push(next);
      const first = inProgress.length < maxTilesInProgress ? undefined : inProgress.shift();
      if (first) await finish(first);
    }
    for (let first = inProgress.shift(); first; first = inProgress.shift()) await finish(first);
  } catch (error) {
    work.stop.abort();
    await allOutcomes(inProgress);
    throw error;
  }
}

/** Yields the tiles of a region, by rows of tiles. Plans the remaining ones again after the tile size has changed. */
async function* cutTiles(work: TiledWork, region: Region): AsyncGenerator<TileInProgress> {
  const { source, model } = work;
  const bottom = region.top + region.heightPx;
  for (let top = region.top; top < bottom; ) {
    const { tilePx } = work.resources;
    const { columns, rows } = planTiles({
      widthPx: source.widthPx,
      heightPx: source.heightPx,
      region: { ...region, top, heightPx: bottom - top },
      tilePx,
      haloPx: model.haloPx,
      sizeMultiple: model.sizeMultiple,
    });
    for (const row of rows) {
      if (work.resources.tilePx !== tilePx) break;
      const heightPx = Math.min(row.inputSize, source.heightPx - row.inputStart);
      const data = await source.readRows(row.inputStart, heightPx);
      const band: Band = { widthPx: source.widthPx, heightPx, channels: source.channels as 1 | 3, data };
      for (const column of columns) {
        yield { position: { column, row }, tile: cutTile(band, column, row), outcome: null };
      }
      top = row.coreStart + row.coreSize;
    }
  }
}

/** Sends a tile to the host. A tile that became too large is run in parts later, when it is the first in progress. */
function begin(work: TiledWork, next: TileInProgress): void {
  const { resources } = work;
  next.outcome = fitsTile(next.tile, resources.tilePx) ? runOnce(work, next.tile, resources) : null;
}

async function runOnce(work: TiledWork, tile: Tile, resources: TileResources): Promise<Outcome> {
  const { model, blend, signal, onRun } = work;
  const slot = resources.slotId === undefined ? {} : { slotId: resources.slotId };
  try {
    const into = findBuffer(work, tile);
    const result = await runBlended(resources.host, model, blend, tile, { ...slot, signal, into });
    onRun(result);
    return { result };
  } catch (error) {
    return { error, resources };
  }
}

/** The result of a tile that is the whole picture is written directly to the sink's memory. */
function findBuffer({ source, model, memoryFor }: TiledWork, { widthPx, heightPx }: Tile): Uint8Array | undefined {
  const isWhole = widthPx === source.widthPx && heightPx === source.heightPx;
  return isWhole ? memoryFor(0, heightPx * model.scale) : undefined;
}

/**
 * Returns the result of the first tile in progress, with as many tries as `recover` allows. Other tiles that failed
 * meanwhile, probably for the same reason, are run again after it.
 */
async function resultOf(
  work: TiledWork,
  first: TileInProgress,
  others: readonly TileInProgress[],
): Promise<TileResult> {
  for (let failures = 1; ; failures++) {
    const outcome = await first.outcome;
    if (outcome !== null && "result" in outcome) return outcome.result;
    const otherOutcomes = await allOutcomes(others);
    if (outcome === null) return runInParts(work, first);
    work.signal.throwIfAborted();
    work.resources = await work.recover({ ...outcome, failures });
    begin(work, first);
    for (const { each, outcome } of otherOutcomes) if (outcome !== null && "error" in outcome) begin(work, each);
  }
}

function allOutcomes(
  inProgress: readonly TileInProgress[],
): Promise<{ each: TileInProgress; outcome: Outcome | null }[]> {
  return Promise.all(inProgress.map(async (each) => ({ each, outcome: await each.outcome })));
}

/** Returns the result of a tile that became too large: the part that is kept is run in smaller tiles. */
async function runInParts(work: TiledWork, { position, tile }: TileInProgress): Promise<TileResult> {
  const { source, model, featherPx } = work;
  const { scale } = model;
  const { channels } = tile;
  const { column, row: tileRow } = position;
  const whole = new Uint8Array(tile.data.length * scale ** 2);
  const [left, right] = kept(column, source.widthPx);
  const [top, bottom] = kept(tileRow, source.heightPx);
  const region = { left, top, widthPx: right - left, heightPx: bottom - top };
  const stride = tile.widthPx * scale * channels;
  const bytes = region.widthPx * scale * channels;
  await runRegion(work, region, async (y, rows) => {
    for (let row = 0; row < rows.length / bytes; row++) {
      const at =
        ((top - tileRow.inputStart) * scale + y + row) * stride + (left - column.inputStart) * scale * channels;
      whole.set(rows.subarray(row * bytes, (row + 1) * bytes), at);
    }
  });
  return { widthPx: tile.widthPx * scale, heightPx: tile.heightPx * scale, channels, data: whole, runMs: 0 };

  function kept({ coreStart, coreSize }: { coreStart: number; coreSize: number }, sidePx: number): [number, number] {
    return [Math.max(0, coreStart - featherPx), Math.min(sidePx, coreStart + coreSize + featherPx)];
  }
}
