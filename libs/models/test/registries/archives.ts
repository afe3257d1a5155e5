import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { Header } from "tar";

/** An entry of a test archive. */
export type TestEntry = {
  readonly path: string;
  readonly bytes?: Uint8Array;
  readonly type?: "File" | "SymbolicLink" | "Link" | "Directory";
};

/** Returns a `.tar.gz` of these entries, as npm and Python publish packages. */
export function toTarGz(...entries: TestEntry[]): Buffer {
  return gzipSync(toTar(...entries));
}

/** Returns an uncompressed tar archive. */
export function toTar(...entries: TestEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, bytes = new Uint8Array(), type = "File" }) => {
    const isLink = type === "SymbolicLink" || type === "Link";
    const size = type === "File" ? bytes.length : 0;
    const header = new Header({
      path,
      size,
      type,
      mode: 0o644,
      mtime: new Date(0),
      ...(isLink ? { linkpath: "/etc/passwd" } : {}),
    });
    header.encode();
    const padding = Buffer.alloc((512 - (size % 512)) % 512);
    return [header.block as Buffer, ...(size > 0 ? [Buffer.from(bytes), padding] : [])];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** What a zip archive says about its files. */
export type ZipClaims = {
  /** Type and permissions of the files, as Unix has them. */
  readonly mode?: number;
  /** Size of each file that the archive claims. Default: its real size. */
  readonly sizeBytes?: number;
};

/** Returns a zip archive of these entries, as wheels are (APPNOTE.TXT 6.3.10: 4.3.7, 4.3.12 and 4.3.16). */
export function toZip(entries: readonly TestEntry[], { mode = 0o100_644, sizeBytes }: ZipClaims = {}): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { path, bytes = new Uint8Array() } of entries) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(bytes);
    // Version 2.0, no flags, deflate, time 0, CRC-32, sizes, length of the name.
    const common = toFields([20, 2], [0, 2], [8, 2], [0, 4], [crc32(bytes), 4], [packed.length, 4]);
    const sizes = toFields([sizeBytes ?? bytes.length, 4], [name.length, 2], [0, 2]);
    const local = Buffer.concat([toFields([0x04034b50, 4]), common, sizes, name, packed]);
    const place = toFields([0, 2], [0, 2], [0, 2], [mode * 0x10000, 4], [offset, 4]);
    central.push(Buffer.concat([toFields([0x02014b50, 4], [0x0314, 2]), common, sizes, place, name]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const counts = toFields([0, 4], [entries.length, 2], [entries.length, 2], [directory.length, 4], [offset, 4], [0, 2]);
  return Buffer.concat([...locals, directory, toFields([0x06054b50, 4]), counts]);
}

/** Writes little-endian numbers, each with its length in bytes. */
function toFields(...fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}

/** Replaces a text in an archive by another one of the same length, as an attacker could. */
export function patch(archive: Buffer, from: string, to: string): Buffer {
  return Buffer.from(archive.toString("latin1").replaceAll(from, to), "latin1");
}
