import { ImageFormat } from "@pixelmesh/proto";
import type { Metadata } from "sharp";
import type { OpenedPicture } from "../decode/open-picture.ts";
import { readAvifItem } from "../structure/avif-item.ts";
import { type ColorNotice, type ColorPlan, colorNotice } from "./color-plan.ts";
import { type ColorDeclaration, type DeclaredColors, fromCodePoints } from "./declared-colors.ts";
import { embedProfile } from "./embed-profile.ts";
import { readExifColors } from "./exif-colors.ts";
import { planProfile } from "./plan-profile.ts";
import { readPngColors } from "./png-colors.ts";
import { arePrimariesNear, srgbPrimaries } from "./primaries.ts";
import type { NamedTransfer, Transfer } from "./transfer.ts";
import { writeGreyProfile, writeRgbProfile } from "./write-icc.ts";

/** Reads what the file declares about its colours, and plans their conversion to sRGB. */
export async function planColors(opened: OpenedPicture, metadata: Metadata): Promise<ColorPlan> {
  const declaration = readColors(opened, metadata);
  switch (declaration.$case) {
    case "profile":
      return planProfile(opened, metadata);
    case "declared":
      return planDeclared(opened, metadata, declaration.colors);
    default: {
      const notice = declaration.$case === "unknown" ? { notice: colorNotice(declaration.text) } : {};
      return { bytes: opened.bytes, hasProfile: false, ...notice };
    }
  }
}

function readColors({ bytes, format }: OpenedPicture, metadata: Metadata): ColorDeclaration {
  const hasProfile = metadata.icc !== undefined;
  if (metadata.space === "cmyk") return { $case: "profile" };
  if (format === ImageFormat.PNG) return readPngColors(bytes, hasProfile);
  if (hasProfile) return { $case: "profile" };
  if (format === ImageFormat.AVIF) {
    const { nclx } = readAvifItem(bytes);
    return (nclx && fromCodePoints(nclx, "nclx")) ?? { $case: "srgb" };
  }
  if (format === ImageFormat.JPEG) return readExifColors(metadata.exif) ?? { $case: "srgb" };
  return { $case: "srgb" };
}

function planDeclared(opened: OpenedPicture, metadata: Metadata, colors: DeclaredColors): ColorPlan {
  const { bytes, format, isPremultiplied } = opened;
  const { name, primaries, transfer } = colors;
  const isGrey = metadata.space === "b-w" || metadata.space === "grey16";
  const hasSrgbPrimaries = isGrey || arePrimariesNear(primaries, srgbPrimaries);
  if (hasSrgbPrimaries && transfer.isSrgb && !colors.isNarrow) {
    return { bytes, hasProfile: false, notice: colorNotice(`Read ${name} as sRGB`) };
  }
  const curve = toFullRange(colors, metadata.depth === "ushort");
  const profile =
    metadata.space === "b-w" ? writeGreyProfile(curve) : writeRgbProfile(isGrey ? srgbPrimaries : primaries, curve);
  const notice: ColorNotice = transfer.isHdr
    ? { kind: "tone_mapped", text: `Tone-mapped from ${name} to sRGB` }
    : { kind: "color_profile", text: `Converted from ${name} to sRGB` };
  if (profile && metadata.space === "grey16") return { bytes, hasProfile: false, deepGrey: profile, notice };
  if (profile && isPremultiplied) return { bytes, hasProfile: false, afterwards: profile, notice };
  const embedded = profile && embedProfile(bytes, format, profile);
  if (!embedded) {
    return { bytes, hasProfile: false, notice: colorNotice(`The colours ${name} cannot be converted: taken as sRGB`) };
  }
  return { bytes: embedded, hasProfile: true, isShallow: isShallow(transfer), notice };
}

/** Whether the darkest steps of 8 bits are at most one level of sRGB apart. */
function isShallow({ toLinear, isHdr }: NamedTransfer): boolean {
  return !isHdr && toLinear(1 / 255) <= 1 / 255 / 12.92;
}

/** Returns the curve for samples as stored. BT.2100, table 9: narrow range is 16 to 235 in 8 bits, shifted up for more bits. */
function toFullRange({ transfer, isNarrow }: DeclaredColors, isDeep: boolean): Transfer {
  if (!isNarrow) return transfer.toLinear;
  const [black, span, most] = isDeep ? [16 * 256, 219 * 256, 65_535] : [16, 219, 255];
  return (coded) => transfer.toLinear(Math.min(1, Math.max(0, (coded * most - black) / span)));
}
