import { createFrame, decodePicture, defaultLimits, encodeFrame, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";

const cellPx = 480;
const gapPx = 12;
const columns = 3;

/** All pictures on one sheet, in rows of three, each shrunk to fit its cell; what is transparent lies on a checkerboard. */
export async function createContactSheet(pictures: readonly Uint8Array[]): Promise<Uint8Array> {
  const rows = Math.ceil(pictures.length / columns);
  const widthPx = columns * (cellPx + gapPx) + gapPx;
  const heightPx = rows * (cellPx + gapPx) + gapPx;
  const sheet = createFrame(widthPx, heightPx, 3);
  sheet.data.fill(250);
  for (const [index, bytes] of pictures.entries()) {
    const { frame } = await decodePicture(bytes, defaultLimits);
    const scale = Math.min(1, cellPx / Math.max(frame.widthPx, frame.heightPx));
    const small = await resizeFrame(
      frame,
      Math.max(1, Math.round(frame.widthPx * scale)),
      Math.max(1, Math.round(frame.heightPx * scale)),
    );
    const left = gapPx + (index % columns) * (cellPx + gapPx) + Math.floor((cellPx - small.widthPx) / 2);
    const top = gapPx + Math.floor(index / columns) * (cellPx + gapPx) + Math.floor((cellPx - small.heightPx) / 2);
    lay(sheet, small, left, top);
  }
  const { bytes } = await encodeFrame(sheet, Encoding.fromPartial({ format: ImageFormat.PNG }));
  return bytes;
}

function lay(sheet: Frame, { widthPx, heightPx, channels, data }: Frame, left: number, top: number): void {
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const from = (y * widthPx + x) * channels;
      const to = ((top + y) * sheet.widthPx + left + x) * 3;
      const alpha = channels % 2 === 0 ? (data[from + channels - 1] as number) / 255 : 1;
      const under = ((x >> 4) + (y >> 4)) % 2 === 0 ? 236 : 212;
      for (let c = 0; c < 3; c++) {
        const over = data[from + (channels >= 3 ? c : 0)] as number;
        sheet.data[to + c] = Math.round(over * alpha + under * (1 - alpha));
      }
    }
  }
}
