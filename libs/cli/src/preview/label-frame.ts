import { createFrame, type Frame } from "@pixelmesh/imaging";
import { drawText, letterHeightPx, letterWidthPx } from "./pixel-font.ts";

const paddingPx = 4;
const ink = 32;
const paper = 250;

/** Returns the size of a name below a picture, each dot of a letter `scale` × `scale` pixels. */
export function labelSizePx(name: string, scale: number): { readonly widthPx: number; readonly heightPx: number } {
  return { widthPx: name.length * letterWidthPx * scale, heightPx: paddingPx + letterHeightPx * scale };
}

/** Returns an RGBA picture with a name below it, each dot of a letter `scale` × `scale` pixels. Wide enough for the name. */
export function labelFrame(picture: Frame, name: string, scale: number): Frame {
  const label = labelSizePx(name, scale);
  const textWidthPx = label.widthPx;
  const widthPx = Math.max(picture.widthPx, textWidthPx);
  const heightPx = picture.heightPx + label.heightPx;
  const frame = createFrame(widthPx, heightPx, 4);
  frame.data.fill(paper);
  for (let at = 3; at < frame.data.length; at += 4) frame.data[at] = 255;
  copyPicture(frame, picture, Math.floor((widthPx - picture.widthPx) / 2));
  const left = Math.floor((widthPx - textWidthPx) / 2);
  const top = picture.heightPx + paddingPx;
  drawText(name, (x, y) => {
    for (let row = 0; row < scale; row += 1) {
      const from = ((top + y * scale + row) * widthPx + left + x * scale) * 4;
      for (let at = from; at < from + scale * 4; at += 4) frame.data.fill(ink, at, at + 3);
    }
  });
  return frame;
}

function copyPicture(frame: Frame, { data, widthPx, heightPx, channels }: Frame, left: number): void {
  const hasAlpha = channels % 2 === 0;
  const colors = hasAlpha ? channels - 1 : channels;
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const from = (y * widthPx + x) * channels;
      const to = (y * frame.widthPx + left + x) * 4;
      for (let c = 0; c < 3; c += 1) frame.data[to + c] = data[from + (colors === 3 ? c : 0)] as number;
      frame.data[to + 3] = hasAlpha ? (data[from + channels - 1] as number) : 255;
    }
  }
}
