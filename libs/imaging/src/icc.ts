/**
 * The description of an ICC profile, such as "Display P3"; undefined where it has none that can be read. Layout: ICC.1
 * section 7 (tag table at byte 128), types `desc` (version 2) and `mluc` (version 4). Never throws.
 */
export function readIccDescription(profile: Uint8Array): string | undefined {
  if (profile.length < 132) return undefined;
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const tags = Math.min(view.getUint32(128), 100);
  for (let index = 0; index < tags; index++) {
    const at = 132 + index * 12;
    if (at + 12 > profile.length) return undefined;
    if (view.getUint32(at) !== DESC) continue;
    const start = view.getUint32(at + 4);
    const end = Math.min(profile.length, start + view.getUint32(at + 8));
    return start + 12 <= end ? readText(profile.subarray(start, end)) : undefined;
  }
  return undefined;
}

/**
 * Whether pixels under this profile are sRGB already, going by its name, so that converting them is not worth a notice.
 * "c2" is the name of a widespread sRGB profile made as small as possible.
 */
export function isSrgbProfile(profile: Uint8Array): boolean {
  return /^(c2|sRGB)\b|sRGB IEC ?61966/i.test(readIccDescription(profile) ?? "");
}

const DESC = 0x64657363;
const MLUC = 0x6d6c7563;
const MAX_CHARS = 80;

function readText(tag: Uint8Array): string | undefined {
  const view = new DataView(tag.buffer, tag.byteOffset, tag.byteLength);
  const type = view.getUint32(0);
  if (type === DESC) return toPrintable(Buffer.from(tag.subarray(12, 12 + view.getUint32(8))).toString("latin1"));
  if (type !== MLUC || tag.length < 28) return undefined;
  const length = view.getUint32(20);
  const offset = view.getUint32(24);
  const utf16 = Buffer.from(tag.subarray(offset, offset + (length & ~1)));
  return toPrintable(utf16.length % 2 === 0 ? utf16.swap16().toString("utf16le") : "");
}

function toPrintable(text: string): string | undefined {
  const clean = text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}\p{S}]/gu, "").trim();
  return clean === "" ? undefined : clean.slice(0, MAX_CHARS);
}
