import type { Metadata } from "sharp";
import type { OpenedPicture } from "../decode/open-picture.ts";
import { type ColorNotice, type ColorPlan, colorNotice } from "./color-plan.ts";
import { srgbPrimaries, toD50Matrix } from "./primaries.ts";
import { changesColors } from "./profile-check.ts";
import { isSrgbName, readIccDescription, readIccSpace, readIccTag } from "./read-icc.ts";
import { writeMatrixProfile } from "./write-icc.ts";

/** Plans the conversion of a picture by its embedded profile, and of CMYK, which has a profile or is converted by libvips' own. */
export async function planProfile(opened: OpenedPicture, metadata: Metadata): Promise<ColorPlan> {
  const { bytes } = opened;
  const { icc, space, depth } = metadata;
  const description = icc && readIccDescription(icc);
  if (space === "cmyk") {
    const from = description === undefined ? "CMYK" : `CMYK (${description})`;
    return { bytes, hasProfile: icc !== undefined, notice: colorNotice(`Converted from ${from} to sRGB`) };
  }
  if (!icc) return { bytes, hasProfile: false };
  const name = description ?? "its own profile";
  const ignored = (reason: string): ColorPlan => ({
    bytes,
    hasProfile: false,
    notice: colorNotice(`The colour profile (${name}) ${reason}: colours are taken as sRGB`),
  });
  if (depth !== "uchar" && depth !== "ushort") return ignored(`is not applied to ${depth} samples`);
  const isGrey = space === "b-w" || space === "grey16";
  const wanted = isGrey ? "GRAY" : "RGB ";
  const profileSpace = readIccSpace(icc);
  if (profileSpace === undefined) return ignored("cannot be read");
  if (profileSpace !== wanted) return ignored(`is one for ${profileSpace.trim()} and the picture is ${wanted.trim()}`);
  const notice = await noticeOf(icc, description, isGrey);
  if (space === "grey16") {
    const deepGrey = toRgbProfile(icc);
    return deepGrey ? { bytes, hasProfile: false, deepGrey, ...notice } : ignored("has no curve that can be used");
  }
  if (!opened.isPremultiplied) return { bytes, hasProfile: true, ...notice };
  return { bytes, hasProfile: false, afterwards: icc, ...notice };
}

/** Converts a grey profile to an RGB profile with its curve and sRGB's primaries. */
function toRgbProfile(icc: Uint8Array): Uint8Array | undefined {
  const curve = readIccTag(icc, "kTRC");
  const matrix = toD50Matrix(srgbPrimaries);
  return curve && matrix && writeMatrixProfile(matrix, Buffer.from(curve));
}

async function noticeOf(
  icc: Uint8Array,
  description: string | undefined,
  isGrey: boolean,
): Promise<{ readonly notice?: ColorNotice }> {
  if (!(await changesColors(icc, isGrey))) return {};
  const from =
    description !== undefined && isSrgbName(description)
      ? `a profile that is named ${description} but is another`
      : (description ?? "its own profile");
  return { notice: colorNotice(`Converted from ${from} to sRGB`) };
}
