import { pngChunksOf } from "../structure/png.ts";
import { toView } from "../structure/structure.ts";
import { type ColorDeclaration, fromCodePoints } from "./declared-colors.ts";
import { arePrimariesNear, type Primaries, srgbPrimaries, toD50Matrix } from "./primaries.ts";
import { type NamedTransfer, powerTransfer, srgbToLinear } from "./transfer.ts";

const UNIT = 100_000;
// Writers of sRGB that leave out its chunk write 1/2.2 instead. With sRGB's primaries, a gamma within one per cent of it
// means sRGB's curve.
const SRGB_GAMMA = 45_455;
const SRGB_GAMMA_TOLERANCE = 455;

/**
 * Reads the colours of a PNG, with the precedence of the PNG specification, third edition, 4.3: cICP, iCCP, sRGB, then cHRM with
 * gAMA. `hasProfile`: the decoder could read the profile. Chunks after the palette or the pixels are ignored.
 */
export function readPngColors(bytes: Uint8Array, hasProfile: boolean): ColorDeclaration {
  const chunks = new Map<string, DataView>();
  const view = toView(bytes);
  for (const { type, start, length, end } of pngChunksOf(view)) {
    if (type === "PLTE" || type === "IDAT" || end > view.byteLength) break;
    if (!chunks.has(type)) chunks.set(type, new DataView(bytes.buffer, bytes.byteOffset + start + 8, length));
  }
  return (
    readCicp(chunks.get("cICP")) ??
    (hasProfile ? { $case: "profile" } : undefined) ??
    (chunks.has("sRGB") ? { $case: "srgb" } : undefined) ??
    readGamma(chunks.get("gAMA"), chunks.get("cHRM")) ??
    findUnusable(chunks) ?? { $case: "srgb" }
  );
}

/**
 * Finds a chunk that declares colours but is invalid: a profile that the decoder refused, or a wrong cICP. Used if no other
 * chunk applies.
 */
function findUnusable(chunks: ReadonlyMap<string, DataView>): ColorDeclaration | undefined {
  const name = chunks.has("iCCP") ? "The colour profile" : chunks.has("cICP") ? "The cICP chunk" : undefined;
  return name === undefined
    ? undefined
    : { $case: "unknown", text: `${name} cannot be used: colours are taken as sRGB` };
}

function readCicp(chunk: DataView | undefined): ColorDeclaration | undefined {
  // Samples of a PNG are RGB or grey: any other matrix makes the chunk invalid.
  if (chunk?.byteLength !== 4 || chunk.getUint8(2) !== 0 || chunk.getUint8(3) > 1) return undefined;
  const [primaries, transfer] = [chunk.getUint8(0), chunk.getUint8(1)];
  return fromCodePoints({ primaries, transfer, isNarrow: chunk.getUint8(3) === 0 }, "cICP");
}

function readGamma(gama: DataView | undefined, chrm: DataView | undefined): ColorDeclaration | undefined {
  const gamma = gama?.byteLength === 4 ? gama.getUint32(0) : 0;
  const primaries = readChrm(chrm);
  if (gamma === 0 && !primaries) return undefined;
  const isSrgbPrimaries = !primaries || arePrimariesNear(primaries, srgbPrimaries);
  const isSrgbGamma = gamma === 0 || Math.abs(gamma - SRGB_GAMMA) <= SRGB_GAMMA_TOLERANCE;
  if (isSrgbPrimaries && isSrgbGamma) return { $case: "srgb" };
  const exponent = UNIT / gamma;
  const transfer: NamedTransfer =
    gamma === 0
      ? { name: "sRGB", toLinear: srgbToLinear, isHdr: false, isSrgb: true }
      : { name: `gamma ${round(exponent)}`, toLinear: powerTransfer(exponent), isHdr: false, isSrgb: false };
  const places = [gamma === 0 ? [] : ["gAMA"], primaries ? ["cHRM"] : []].flat().join(", ");
  const shown = [isSrgbPrimaries ? [] : ["its own primaries"], gamma === 0 ? [] : [transfer.name]].flat().join(", ");
  return {
    $case: "declared",
    colors: { name: `${shown} (${places})`, primaries: primaries ?? srgbPrimaries, transfer, isNarrow: false },
  };
}

function readChrm(chunk: DataView | undefined): Primaries | undefined {
  if (chunk?.byteLength !== 32) return undefined;
  const at = (index: number) => [chunk.getUint32(index * 8) / UNIT, chunk.getUint32(index * 8 + 4) / UNIT] as const;
  const primaries = { white: at(0), red: at(1), green: at(2), blue: at(3) };
  return toD50Matrix(primaries) && primaries;
}

function round(value: number): string {
  return `${Math.round(value * 1_000) / 1_000}`;
}
