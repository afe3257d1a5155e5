/**
 * Returns the description of an ICC profile, such as "Display P3"; undefined if it has no readable one. Layout: ICC.1 section 7
 * (tag table at byte 128), types `desc` (version 2) and `mluc` (version 4). Never throws.
 */
export function readIccDescription(profile: Uint8Array): string | undefined {
  const tag = readIccTag(profile, "desc");
  return tag && tag.length >= 12 ? readText(tag) : undefined;
}

/** Returns a tag's data; undefined if the profile lacks it or ends before it. Never throws. */
export function readIccTag(profile: Uint8Array, name: string): Uint8Array | undefined {
  if (profile.length < 132) return undefined;
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const wanted = Buffer.from(name, "latin1").readUInt32BE();
  const tags = Math.min(view.getUint32(128), 100);
  for (let index = 0; index < tags; index++) {
    const at = 132 + index * 12;
    if (at + 12 > profile.length) return undefined;
    if (view.getUint32(at) !== wanted) continue;
    const start = view.getUint32(at + 4);
    const end = Math.min(profile.length, start + view.getUint32(at + 8));
    return start < end ? profile.subarray(start, end) : undefined;
  }
  return undefined;
}

/**
 * Returns the colour space of a profile, such as "RGB " or "GRAY"; undefined for bytes that are not a profile, or for a profile
 * without the tags that a conversion needs (ICC.1, 8.3 to 8.5).
 */
export function readIccSpace(profile: Uint8Array): string | undefined {
  if (profile.length < 132 || Buffer.from(profile.subarray(36, 40)).toString("latin1") !== "acsp") return undefined;
  const space = Buffer.from(profile.subarray(16, 20)).toString("latin1");
  const has = (...names: string[]) => names.every((name) => readIccTag(profile, name) !== undefined);
  const hasTable = has("A2B0") || has("A2B1") || has("D2B0");
  const hasCurves = space === "GRAY" ? has("kTRC") : has("rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC");
  return hasTable || hasCurves ? space : undefined;
}

/** Whether a profile's name claims sRGB. "c2" is the name of a widespread minimal sRGB profile. */
export function isSrgbName(description: string): boolean {
  return /^(c2|sRGB)\b|sRGB IEC ?61966/i.test(description);
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
