/** Samples of a type by its name in TIFF 6.0, section 19. */
export type TiffOptions = {
  readonly widthPx: number;
  readonly samples: readonly (readonly number[])[];
  readonly type: "float" | "half" | "uint32" | "uint16" | "uint8";
  /** ExtraSamples of the last sample: 1 for premultiplied alpha, 2 for straight alpha. */
  readonly extra?: 1 | 2;
  readonly profile?: Uint8Array;
};

const bits = { float: 32, half: 16, uint32: 32, uint16: 16, uint8: 8 } as const;

/** Writes a little-endian TIFF of one uncompressed strip by hand. */
export function tiff({ widthPx, samples, type, extra, profile }: TiffOptions): Buffer {
  const channels = samples[0]?.length ?? 1;
  const view = new DataView(new ArrayBuffer((samples.length * channels * bits[type]) / 8));
  for (const [at, value] of samples.flat().entries()) {
    if (type === "float") view.setFloat32(at * 4, value, true);
    else if (type === "half") view.setFloat16(at * 2, value, true);
    else if (type === "uint32") view.setUint32(at * 4, value, true);
    else if (type === "uint16") view.setUint16(at * 2, value, true);
    else view.setUint8(at, value);
  }
  const data = Buffer.from(view.buffer);
  const colors = channels - (extra === undefined ? 0 : 1);
  const shorts = (value: number) => Buffer.from(new Uint16Array(channels).fill(value).buffer);
  const entries: [tag: number, type: number, count: number, value: number | Buffer][] = [
    [256, 3, 1, widthPx],
    [257, 3, 1, samples.length / widthPx],
    [258, 3, channels, shorts(bits[type])],
    [259, 3, 1, 1],
    [262, 3, 1, colors === 1 ? 1 : 2],
    [273, 4, 1, data],
    [277, 3, 1, channels],
    [278, 3, 1, samples.length / widthPx],
    [279, 4, 1, data.length],
    ...(extra === undefined ? [] : [[338, 3, 1, extra] as [number, number, number, number]]),
    [339, 3, channels, shorts(type === "float" || type === "half" ? 3 : 1)],
    ...(profile ? [[34_675, 7, profile.length, Buffer.from(profile)] as [number, number, number, Buffer]] : []),
  ];
  const head = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(entries.length, 8);
  const parts: Buffer[] = [head];
  let end = head.length;
  for (const [nth, [tag, kind, count, value]] of entries.entries()) {
    const at = 10 + nth * 12;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(kind, at + 2);
    head.writeUInt32LE(count, at + 4);
    if (typeof value === "number") {
      head.writeUInt32LE(value, at + 8);
    } else if (value.length <= 4 && tag !== 273) {
      value.copy(head, at + 8);
    } else {
      head.writeUInt32LE(end, at + 8);
      parts.push(value);
      end += value.length;
    }
  }
  return Buffer.concat(parts);
}
