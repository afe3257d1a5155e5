import type { EffectDescription } from "@pixelmesh/client";
import { AppError } from "@pixelmesh/errors";
import {
  createContactSheet,
  createFrame,
  decodePicture,
  defaultLimits,
  type Frame,
  resizeFrame,
} from "@pixelmesh/imaging";
import { labelFrame, labelSizePx } from "./label-frame.ts";

/** Size of the parts of a sheet. */
export type SheetSizes = {
  /** Longest side of a preview, in pixels. */
  readonly sidePx: number;
  /** Side of a dot of a letter, in pixels. */
  readonly textScale: number;
};

/** Returns the preview of one effect at its defaults, as a file of any picture format. */
export type AskTile = (name: string) => Promise<Uint8Array>;

/** Previews that are asked for at once. */
const previewsAtOnce = 4;
/** Space around each cell of a contact sheet, in pixels. */
const gapPx = 12;
/** A sheet is about as wide as high with so many columns for so many effects. */
const toColumns = (count: number) => Math.ceil(Math.sqrt(count));

/**
 * Makes a sheet of all effects, each with its name below it, as an RGB picture. Holds the sheet and the previews of one row, not those of the whole
 * catalogue. Throws UNKNOWN_EFFECT for an empty catalogue.
 */
export async function makeSheet(
  catalogue: readonly Pick<EffectDescription, "name">[],
  askTile: AskTile,
  { sidePx, textScale }: SheetSizes,
): Promise<Frame> {
  const names = catalogue.map(({ name }) => name);
  const [firstName, ...otherNames] = names;
  if (firstName === undefined) throw new AppError("UNKNOWN_EFFECT", "The mesh has no effects");
  const makeTile = async (name: string) => {
    const { frame } = await decodePicture(await askTile(name), defaultLimits);
    return labelFrame(await fitted(frame, sidePx), name, textScale);
  };
  // The first preview sends the picture; the others follow a few at a time.
  const first = await makeTile(firstName);
  const widestLabelPx = Math.max(...names.map((name) => labelSizePx(name, textScale).widthPx));
  const cellPx = Math.max(sidePx, first.widthPx, first.heightPx, widestLabelPx);
  const columns = toColumns(names.length);
  const rows = Math.ceil(names.length / columns);
  const sheet = createFrame(columns * (cellPx + gapPx) + gapPx, rows * (cellPx + gapPx) + gapPx, 3);
  for (let row = 0; row < rows; row += 1) {
    const done = row === 0 ? [first] : [];
    const left = otherNames.splice(0, columns - done.length);
    const tiles = [...done, ...(await mapFew(left, makeTile))];
    const { data } = await createContactSheet(tiles, { columns, cellPx });
    // Each row has a gap above and below it; the one below is the next row's gap above.
    sheet.data.set(data, row * (cellPx + gapPx) * sheet.widthPx * 3);
  }
  return sheet;
}

/** Returns a preview within its side: some effects make a picture larger. */
async function fitted(frame: Frame, sidePx: number): Promise<Frame> {
  const scale = sidePx / Math.max(frame.widthPx, frame.heightPx);
  if (scale >= 1) return frame;
  const [widthPx, heightPx] = [frame.widthPx, frame.heightPx].map((side) => Math.max(1, Math.round(side * scale)));
  return resizeFrame(frame, widthPx as number, heightPx as number);
}

/** Maps values in order, a few at a time. */
async function mapFew<T, R>(values: readonly T[], map: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < values.length; index = next++) results[index] = await map(values[index] as T);
  };
  await Promise.all(Array.from({ length: previewsAtOnce }, work));
  return results;
}
