/** A frame of one colour on a canvas of 16 x 16. */
export type GifOptions = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly color: readonly number[];
  readonly transparentIndex?: number;
};

/** Writes a GIF by hand (GIF89a, sections 18 to 23): colour 1 of four, one code for each pixel. */
export function gif({ left, top, width, height, color, transparentIndex }: GifOptions): Buffer {
  const screen = Buffer.from([16, 0, 16, 0, 0x81, 0, 0]);
  const table = Buffer.from([0, 0, 0, ...color, 0, 0, 0, ...color]);
  const control = transparentIndex === undefined ? [] : [0x21, 0xf9, 4, 1, 0, 0, transparentIndex, 0];
  const descriptor = [0x2c, left, 0, top, 0, width, 0, height, 0, 0];
  const [clear, end, pixel] = [4, 5, 1];
  // Codes of 3 bits; a clear code before each pixel keeps the width.
  const codes = [...Array.from({ length: width * height }, () => [clear, pixel]).flat(), end];
  const bits = codes.flatMap((code) => [code & 1, (code >> 1) & 1, code >> 2]);
  const data = Buffer.alloc(Math.ceil(bits.length / 8));
  for (const [at, bit] of bits.entries()) data[at >> 3] = (data[at >> 3] ?? 0) | (bit << (at & 7));
  const blocks: Buffer[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const block = data.subarray(at, at + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  return Buffer.concat([
    Buffer.from("GIF89a"),
    screen,
    table,
    Buffer.from([...control, ...descriptor, 2]),
    ...blocks,
    Buffer.from([0, 0x3b]),
  ]);
}
