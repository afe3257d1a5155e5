import { inflateRawSync } from "node:zlib";

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/** Returns one file of a ZIP archive (APPNOTE 4.3; no ZIP64, stored or deflated). Throws if there is no such file. */
export function unzip(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || archive.readUInt32LE(end) !== endSignature) throw new Error("Expected a ZIP archive");
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count && archive.readUInt32LE(at) === entrySignature; index += 1) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const start = at + 46;
    const nameEnd = start + Number(nameLength);
    if (archive.toString("utf8", start, nameEnd) === name) return read(archive, at);
    at = nameEnd + Number(extraLength) + Number(commentLength);
  }
  throw new Error(`Expected ${name} in the archive`);
}

function read(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const [packedBytes, bytes] = [archive.readUInt32LE(entry + 20), archive.readUInt32LE(entry + 24)];
  const header = archive.readUInt32LE(entry + 42);
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const packed = archive.subarray(start, start + packedBytes);
  const whole = method === 0 ? packed : inflateRawSync(packed);
  if (whole.length !== bytes) throw new Error(`Expected ${bytes} bytes, got ${whole.length}`);
  return whole;
}
