import { createFrame, type Frame, frameHasAlpha } from "../frames/frame.ts";
import { resizeFrame } from "./resize.ts";

/** The layout of a sheet. */
export type ContactSheetOptions = {
  /** Pictures per row; default 3. */
  readonly columns?: number;
  /** Longest side of a picture on the sheet; default 480. Smaller pictures keep their size. */
  readonly cellPx?: number;
};

const gapPx = 12;
const paper = 250;

/** Places all pictures on one RGB sheet, row by row, each shrunk to fit its cell. Transparent parts show a checkerboard. */
export async function createContactSheet(
  pictures: readonly Frame[],
  { columns = 3, cellPx = 480 }: ContactSheetOptions = {},
): Promise<Frame> {
  const rows = Math.ceil(pictures.length / columns);
  const sheet = createFrame(columns * (cellPx + gapPx) + gapPx, rows * (cellPx + gapPx) + gapPx, 3);
  sheet.data.fill(paper);
  for (const [index, frame] of pictures.entries()) {
    const scale = Math.min(1, cellPx / Math.max(frame.widthPx, frame.heightPx));
    const widthPx = Math.max(1, Math.round(frame.widthPx * scale));
    const heightPx = Math.max(1, Math.round(frame.heightPx * scale));
    const left = gapPx + (index % columns) * (cellPx + gapPx) + Math.floor((cellPx - widthPx) / 2);
    const top = gapPx + Math.floor(index / columns) * (cellPx + gapPx) + Math.floor((cellPx - heightPx) / 2);
    place(sheet, await resizeFrame(frame, widthPx, heightPx), left, top);
  }
  return sheet;
}

function place(sheet: Frame, picture: Frame, left: number, top: number): void {
  const { widthPx, heightPx, channels, data } = picture;
  const hasAlpha = frameHasAlpha(picture);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const from = (y * widthPx + x) * channels;
      const to = ((top + y) * sheet.widthPx + left + x) * 3;
      const alpha = hasAlpha ? (data[from + channels - 1] as number) / 255 : 1;
      const under = ((x >> 4) + (y >> 4)) % 2 === 0 ? 236 : 212;
      for (let c = 0; c < 3; c++) {
        const over = data[from + (channels >= 3 ? c : 0)] as number;
        sheet.data[to + c] = Math.round(over * alpha + under * (1 - alpha));
      }
    }
  }
}
