import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { pixelBytes, type Tile, type TileGrid, tileBytes, tileIndex, tileRowBytes, tileSidePx } from "./light-tiles.ts";
import type { PathPass, PathTap } from "./path-passes.ts";
import type { TileCache } from "./tile-cache.ts";

/** The centre of rays or arcs, in pixels from the centre of the first pixel. */
export type PathCenter = { readonly x: number; readonly y: number };

/** Pixels of a tile. */
export type TileSize = { readonly width: number; readonly height: number };

/** Sums the taps of a pass. */
export type TapAdder = {
  /** Writes a tile of the sums of all taps, from tiles of a picture. */
  addTaps(cache: TileCache, pass: PathPass, tile: Tile, size: TileSize): Promise<void>;
};

/** Columns of the table of tiles that `addTap` reads. A tile turned or enlarged by 1.5 touches at most 3 × 3 tiles. */
const tableSide = 4;

// Places are rounded to floats; tiles that only a rounded place touches are needed too.
const marginPx = 0.01;

/** The places that a tap reads at, from the centre of the picture's first pixel: that of a tile's first pixel, and the limits of all. */
type Places = { u: number; v: number; left: number; top: number; right: number; bottom: number };

/** Creates an adder of tiles at the address `sums`. */
export function createTapAdder(space: KernelSpace, grid: TileGrid, center: PathCenter, sums: number): TapAdder {
  const { addTap } = space.use(glitchKernels);
  const { widthPx, heightPx } = grid;
  const tiles = space.allocate(tableSide * tableSide * 4 + 32);
  return {
    async addTaps(cache, pass, tile, size) {
      space.bytes(sums, tileBytes).fill(0);
      const table = new Uint32Array(space.bytes(tiles, 0).buffer, tiles, tableSide * tableSide);
      for (const tap of pass) {
        const { u, v, left, top, right, bottom } = placesOf(grid, center, tile, size, tap);
        const [first, last] = [Math.floor(left / tileSidePx), Math.floor(right / tileSidePx)];
        const [upper, lower] = [Math.floor(top / tileSidePx), Math.floor(bottom / tileSidePx)];
        for (let row = upper; row <= lower; row++) {
          for (let column = first; column <= last; column++) {
            const index = tileIndex(grid, { column, row });
            const address = cache.held(index) ?? (await cache.load(index));
            const [right, down] = [column - first, row - upper];
            table[down * tableSide + right] = address - tileSidePx * (right * pixelBytes + down * tileRowBytes);
          }
        }
        const [x, y] = [first * tileSidePx, upper * tileSidePx];
        addTap(
          ...([tiles, u - x, v - y, tap.cos, tap.sin] as const),
          ...([-x, -y, widthPx - 1 - x, heightPx - 1 - y] as const),
          ...([tap.weight, size.width, size.height, sums] as const),
        );
      }
    },
  };
}

function placesOf(
  { widthPx, heightPx }: TileGrid,
  center: PathCenter,
  { column, row }: Tile,
  { width, height }: TileSize,
  { cos, sin }: PathTap,
): Places {
  const [x, y] = [column * tileSidePx - center.x, row * tileSidePx - center.y];
  const [u, v] = [center.x + cos * x - sin * y, center.y + sin * x + cos * y];
  // The kernel writes four pixels at a time.
  const [right, down] = [Math.ceil(width / 4) * 4 - 1, height - 1];
  const across = [0, cos * right, -sin * down, cos * right - sin * down].map((more) => u + more);
  const along = [0, sin * right, cos * down, sin * right + cos * down].map((more) => v + more);
  const within = (place: number, last: number) => Math.min(last, Math.max(0, place));
  return {
    u,
    v,
    left: within(Math.min(...across) - marginPx, widthPx - 1),
    right: within(Math.max(...across) + marginPx, widthPx - 1),
    top: within(Math.min(...along) - marginPx, heightPx - 1),
    bottom: within(Math.max(...along) + marginPx, heightPx - 1),
  };
}
