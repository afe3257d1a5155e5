import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { type KernelSpace, openKernelSpace } from "../../kernels/kernel-space.ts";
import { type BlockSink, type Blocks, createBlocks } from "../picture/blocks.ts";
import type { OpenPictureRows } from "../picture/float-picture.ts";
import { createFloatRowReader } from "../picture/float-row-reader.ts";
import type { PictureRows } from "../picture/picture-rows.ts";
import type { EffectMemory, PrepareContext } from "../picture/prepared-effect.ts";
import { readBands } from "../picture/read-bands.ts";
import { type RowShape, rowBytes } from "../rows/rows.ts";
import {
  bandCount,
  bandRowsPx,
  storedTileBytes,
  type Tile,
  tileBytes,
  tileGrid,
  tileSidePx,
  tilesOfBand,
} from "./light-tiles.ts";
import type { PathPass, PathPasses } from "./path-passes.ts";
import { createTapAdder, type PathCenter } from "./tap-adder.ts";
import { allocateTiles, createTileCache, heldTiles } from "./tile-cache.ts";

// A tap of a tile costs about as much as so many pixels of a plain effect.
const tapPixels = 2_048;

/** Returns the memory of `blurAlong`. */
export function pathMemory(shape: RowShape, passes: number): EffectMemory {
  const grid = tileGrid(shape);
  const tiles = grid.across * grid.along;
  const stride = rowBytes(shape, "floats");
  // Tiles that are held and the one in work; a band and the rows that are read for it or from it; a chunk of memory grows in whole pages.
  const rows = bandRowsPx(grid) + 64;
  const workBytes = (heldTiles(tiles) + 2) * (tileBytes + 64) + rows * stride + 2 ** 20;
  return { workBytes, pictureBytes: Array.from({ length: passes }, () => tiles * storedTileBytes) };
}

/**
 * Returns the picture with the mean along a path at each pixel, in linear light and weighted by alpha; past an edge the edge is repeated. Rows are floats. All
 * passes but the last one are done at once, through the frame store; the last one is done as rows are read. One read at a time.
 */
export async function blurAlong(
  picture: PictureRows,
  passes: PathPasses,
  center: PathCenter,
  context: Pick<PrepareContext, "frameStore" | "pace">,
): Promise<OpenPictureRows> {
  const space = openKernelSpace();
  let blocks: Blocks | undefined;
  const close = async () => {
    await blocks?.close();
    space.close();
  };
  try {
    const work = await createPathWork(space, picture, center, context);
    blocks = await work.toLight();
    for (const pass of passes.slice(0, -1)) {
      const blurred = await work.blur(blocks, pass);
      await blocks.close();
      blocks = blurred;
    }
    const { shape } = picture;
    const readRows = work.toRows(blocks, passes.at(-1) as PathPass);
    return { shape, format: "floats", channels: shape.channels, readRows, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The steps of a blur. They share their memory. */
type PathWork = {
  toLight(): Promise<Blocks>;
  blur(blocks: Blocks, pass: PathPass): Promise<Blocks>;
  toRows(blocks: Blocks, pass: PathPass): PictureRows["readRows"];
};

async function createPathWork(
  space: KernelSpace,
  picture: PictureRows,
  center: PathCenter,
  { frameStore, pace }: Pick<PrepareContext, "frameStore" | "pace">,
): Promise<PathWork> {
  const { shape } = picture;
  const { widthPx, heightPx, channels } = shape;
  const { lightTile, packLight, encodeTile } = space.use(glitchKernels);
  const grid = tileGrid(shape);
  const bandRows = bandRowsPx(grid);
  const stride = rowBytes(shape, "floats");
  const reader = createFloatRowReader(space, picture, pace);
  // One row more: the last one of a tile is the first one of the tile below.
  const band = space.allocate(Math.min(heightPx, bandRows + 1) * stride);
  const sums = space.allocate(tileBytes);
  const memory = await allocateTiles(space, grid.across * grid.along, pace);
  const adder = createTapAdder(space, grid, center, sums);
  const readBand = async (index: number, rows: number) => {
    const top = index * bandRows;
    const count = Math.min(rows, heightPx - top);
    await reader.read(top, count, band);
    return { top, count };
  };
  const placeOf = ({ column, row }: Tile, top: number) =>
    band + (row * tileSidePx - top) * stride + column * tileSidePx * channels * 4;
  /** Writes each tile of the picture to a new place in the frame store, once it lies in `sums`. */
  const writeTiles = async (make: (band: number) => Promise<(tile: Tile) => Promise<void>>): Promise<Blocks> => {
    const sink: BlockSink = await createBlocks(storedTileBytes, grid.across * grid.along, frameStore);
    try {
      for (let index = 0; index < bandCount(grid); index++) {
        const makeTile = await make(index);
        for (const tile of tilesOfBand(grid, index)) {
          await makeTile(tile);
          // Over the tile itself.
          packLight(sums, tileBytes / 4, sums);
          await sink.write(space.bytes(sums, storedTileBytes));
        }
      }
      return await sink.open();
    } finally {
      await sink.abandon();
    }
  };
  /** The size of a tile, with as many rows and columns of the next tiles as there are up to `more`. */
  const sizeOf = ({ column, row }: Tile, more: number) => ({
    width: Math.min(tileSidePx + more, widthPx - column * tileSidePx),
    height: Math.min(tileSidePx + more, heightPx - row * tileSidePx),
  });
  return {
    toLight: () =>
      writeTiles(async (index) => {
        const { top } = await readBand(index, bandRows + 1);
        return async (tile) => {
          const { width, height } = sizeOf(tile, 1);
          lightTile(placeOf(tile, top), stride, channels, width, height, sums);
          await pace(width * height);
        };
      }),
    blur(blocks, pass) {
      const cache = createTileCache(space, blocks, memory);
      return writeTiles(async () => async (tile) => {
        await adder.addTaps(cache, pass, tile, sizeOf(tile, 1));
        await pace(pass.length * tapPixels);
      });
    },
    toRows(blocks, pass) {
      const cache = createTileCache(space, blocks, memory);
      const make = async (index: number) => {
        // The pixels' own colours stay where all of the path is invisible, and their alpha stays everywhere.
        const { top, count } = await readBand(index, bandRows);
        for (const tile of tilesOfBand(grid, index)) {
          const size = sizeOf(tile, 0);
          await adder.addTaps(cache, pass, tile, size);
          encodeTile(sums, size.width, size.height, channels, placeOf(tile, top), stride);
          await pace(pass.length * tapPixels);
        }
        return space.bytes(band, count * stride);
      };
      return readBands({ shape, format: "floats", channels, bandRows, make });
    },
  };
}
