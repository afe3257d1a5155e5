import type { Pace } from "@pixelmesh/lifecycle";
import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { Blocks } from "../picture/blocks.ts";
import { storedTileBytes, tileBytes, tileSidePx } from "./light-tiles.ts";

/** Most memory of the tiles that are held, in bytes. */
const maxBytes = 64 * 1024 * 1024;

/** Tiles of a picture in the memory of kernels. Those used last stay. */
export type TileCache = {
  /** Returns the address of a tile that is held, and counts this as its use. */
  held(index: number): number | undefined;
  /** Reads a tile and resolves to its address. At least 16 tiles stay valid after their last use, if the picture has so many. */
  load(index: number): Promise<number>;
};

/** Memory for tiles, to be used by one cache at a time: places of tiles, and of a stored one. */
export type TileMemory = { readonly places: readonly number[]; readonly packed: number };

/** Returns how many tiles of a picture are held. */
export function heldTiles(count: number): number {
  return Math.min(count, Math.floor(maxBytes / tileBytes));
}

// New memory takes about as long as work on its pixels, and growing it takes time each time.
const allocatedTiles = 8;

/** Allocates the places for the tiles of a picture, some at a time. */
export async function allocateTiles(space: KernelSpace, count: number, pace: Pace): Promise<TileMemory> {
  const places: number[] = [];
  for (let missing = heldTiles(count); missing > 0; missing -= allocatedTiles) {
    const tiles = Math.min(missing, allocatedTiles);
    const first = space.allocate(tiles * tileBytes);
    for (let i = 0; i < tiles; i++) places.push(first + i * tileBytes);
    await pace(tiles * tileSidePx * tileSidePx);
  }
  return { places, packed: space.allocate(storedTileBytes) };
}

/** Creates a cache over tiles in a frame store. */
export function createTileCache(space: KernelSpace, blocks: Blocks, { places: memory, packed }: TileMemory): TileCache {
  const { unpackLight } = space.use(glitchKernels);
  // A Map keeps its keys in order of their insertion: the first one was used longest ago.
  const places = new Map<number, number>();
  const free = (): number => {
    const unused = memory[places.size];
    if (unused !== undefined) return unused;
    const [index, place] = places.entries().next().value as [number, number];
    places.delete(index);
    return place;
  };
  return {
    held(index) {
      const place = places.get(index);
      if (place === undefined) return undefined;
      places.delete(index);
      places.set(index, place);
      return place;
    },
    async load(index) {
      const tile = await blocks.read(index);
      space.bytes(packed, storedTileBytes).set(tile);
      const place = free();
      unpackLight(packed, tileBytes / 4, place);
      places.set(index, place);
      return place;
    },
  };
}
