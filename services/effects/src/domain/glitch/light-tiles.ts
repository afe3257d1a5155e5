/**
 * Pictures of linear light in tiles: four floats for each pixel, colours times alpha, and alpha. Stored tiles have 16 bits for each. The kernels `lightTile`,
 * `addTap` and `packLight` know their form.
 */
export type TileGrid = {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Tiles beside each other, and above each other. */
  readonly across: number;
  readonly along: number;
  /** Rows of tiles in a band. Tiles are stored band by band and, within a band, column by column: those that a path needs lie near each other. */
  readonly bandTiles: number;
};

/** A tile by its column and row in the grid. */
export type Tile = { readonly column: number; readonly row: number };

/** Pixels from one tile to the next. A tile holds one more row and column. */
export const tileSidePx = 128;

/** Bytes of a pixel: four floats. */
export const pixelBytes = 16;

/** Bytes of a row of a tile: room for 132 pixels. */
export const tileRowBytes = 132 * pixelBytes;

/** Bytes of a tile: 129 rows. */
export const tileBytes = 129 * tileRowBytes;

/** Bytes of a stored tile. */
export const storedTileBytes = tileBytes / 2;

// A band of rows of floats lies in memory, and new memory is filled in one turn of the event loop.
const maxBandBytes = 8 * 1024 * 1024;
const maxBandTiles = 2;

/** Returns the tiles of a picture. */
export function tileGrid({ widthPx, heightPx }: Pick<TileGrid, "widthPx" | "heightPx">): TileGrid {
  const [across, along] = [widthPx, heightPx].map((px) => Math.ceil(px / tileSidePx)) as [number, number];
  const fitting = Math.floor(maxBandBytes / (widthPx * pixelBytes * tileSidePx));
  return { widthPx, heightPx, across, along, bandTiles: Math.min(along, maxBandTiles, Math.max(1, fitting)) };
}

/** Returns the pixel rows of a band, the last of which may have fewer. */
export function bandRowsPx({ bandTiles }: TileGrid): number {
  return bandTiles * tileSidePx;
}

/** Returns the place of a tile in the order in which tiles are stored. */
export function tileIndex({ across, along, bandTiles }: TileGrid, { column, row }: Tile): number {
  const top = row - (row % bandTiles);
  return top * across + column * Math.min(bandTiles, along - top) + (row - top);
}

/** Returns the tiles of a band in that order. */
export function tilesOfBand({ across, along, bandTiles }: TileGrid, band: number): readonly Tile[] {
  const top = band * bandTiles;
  const rows = Math.min(bandTiles, along - top);
  return Array.from({ length: across * rows }, (_, i) => ({ column: Math.floor(i / rows), row: top + (i % rows) }));
}

/** Returns the number of bands. */
export function bandCount({ along, bandTiles }: TileGrid): number {
  return Math.ceil(along / bandTiles);
}
