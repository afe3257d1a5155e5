import {
  type CreateStage,
  type RowShape,
  type RowTarget,
  rowBytes,
  type Stage,
  type StageContext,
} from "../rows/rows.ts";
import { floatPictureBytes } from "./float-picture.ts";
import { joinAlpha } from "./join-alpha.ts";
import type { PictureRows } from "./picture-rows.ts";
import {
  type EffectMemory,
  type PrepareContext,
  type PreparedEffect,
  stageMemory,
  wholePicture,
} from "./prepared-effect.ts";
import { renderRows } from "./render-rows.ts";
import { cellsShape, shrinkByCells } from "./shrink-cells.ts";

/** Returns the stage of a tile, by its number row by row. All stages emit their rows after the same number of rows. */
export type TileStage = (tile: number) => CreateStage;

/**
 * Prepares `grid` × `grid` tiles over the whole picture, each a small copy of it that passed its own stage. The copies are opaque, on white. Edges between
 * tiles lie at rounded pixels; a tile that is a pixel smaller than others lacks the last column or row of its copy. The picture keeps its size and alpha.
 */
export async function prepareTiles(context: PrepareContext, grid: number, stageOf: TileStage): Promise<PreparedEffect> {
  const picture = wholePicture(context);
  const shape = { ...picture.shape, channels: 3 } as const;
  const small = await shrinkByCells(context, grid);
  const rows = repeatRows(small, grid);
  const createStage: CreateStage = (stage, target) => createGrid(stage, target, { shape, grid, stageOf });
  if (picture.shape.channels === 3) return { picture: rows, createStage, shape, close: small.close };
  try {
    const colors = await renderRows(rows, createStage, shape, context);
    return { picture: joinAlpha(colors, picture), close: colors.close };
  } finally {
    await small.close();
  }
}

/** Returns the memory of such tiles. The stages of one row of tiles together hold what one stage of the picture's width holds. */
export function tilesMemory(grid: number, shape: RowShape): EffectMemory {
  const { workBytes } = stageMemory(shape);
  const colorBytes = shape.channels === 4 ? [floatPictureBytes({ ...shape, channels: 3 })] : [];
  return { workBytes: workBytes * grid, pictureBytes: [floatPictureBytes(cellsShape(shape, grid)), ...colorBytes] };
}

/** Returns a picture with all rows of another one, `times` over. */
function repeatRows(picture: PictureRows, times: number): PictureRows {
  const { widthPx, heightPx } = picture.shape;
  const stride = rowBytes(picture.shape, picture.format);
  return {
    ...picture,
    shape: { widthPx, heightPx: heightPx * times, channels: picture.shape.channels },
    async readRows(top, count) {
      const rows = new Uint8Array(count * stride);
      for (let done = 0; done < count; ) {
        const from = (top + done) % heightPx;
        const part = Math.min(count - done, heightPx - from);
        rows.set(await picture.readRows(from, part), done * stride);
        done += part;
      }
      return rows;
    },
  };
}

type Grid = { readonly shape: RowShape; readonly grid: number; readonly stageOf: TileStage };

/** Creates the stage that receives the rows of the small copy, once for each row of tiles, and emits the rows of the whole picture. */
function createGrid({ space, shape: given, from, to }: StageContext, target: RowTarget, options: Grid): Stage {
  const { shape, grid, stageOf } = options;
  const small = { ...given, heightPx: given.heightPx / grid };
  const bytes = rowBytes(small, to);
  const pixelBytes = bytes / small.widthPx;
  const [lefts, tops] = [edgesOf(shape.widthPx, grid), edgesOf(shape.heightPx, grid)];
  const places = Array.from({ length: grid }, () => space.allocate(bytes));
  let ready = 0;
  const tiles = Array.from({ length: grid * grid }, (_, tile) => {
    const place = places[tile % grid] as number;
    const own: RowTarget = {
      place: () => place,
      emit() {
        ready += 1;
      },
    };
    return stageOf(tile)({ space, shape: small, from, to }, own);
  });
  let tileRow = 0;
  // Rows of this row of tiles that it has received and emitted.
  let [pushed, done] = [0, 0];
  let isEnding = false;
  const current = () => tiles.slice(tileRow * grid, (tileRow + 1) * grid);
  const finish = () => {
    if (ready < grid) return;
    ready = 0;
    done += 1;
    const height = (tops[tileRow + 1] as number) - (tops[tileRow] as number);
    if (done > height) return;
    const row = target.place();
    places.forEach((place, column) => {
      const left = lefts[column] as number;
      const length = ((lefts[column + 1] as number) - left) * pixelBytes;
      space.bytes(row + left * pixelBytes, length).set(space.bytes(place, length));
    });
    target.emit(row);
  };
  return {
    push(row) {
      for (const stage of current()) stage.push(row);
      pushed += 1;
      finish();
    },
    more() {
      while (tileRow < grid) {
        const hasMore = current().map((stage) => stage.more());
        if (hasMore.some(Boolean)) {
          finish();
          return true;
        }
        if (pushed < small.heightPx) return false;
        if (isEnding) {
          tileRow += 1;
          [pushed, done, isEnding] = [0, 0, false];
        } else {
          for (const stage of current()) stage.end();
          isEnding = true;
        }
      }
      return false;
    },
    end() {},
  };
}

/** Returns the first pixels of `parts` equal parts of a side, rounded, and its end. */
function edgesOf(sidePx: number, parts: number): readonly number[] {
  return Array.from({ length: parts + 1 }, (_, part) => Math.round((part * sidePx) / parts));
}
