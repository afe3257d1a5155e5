import {
  chooseFormat,
  createFrameSource,
  type EncodedPicture,
  encodeFrame,
  encodeIndexedPng,
  type Frame,
  type PictureLimits,
} from "@pixelmesh/imaging";
import { type Encoding, ImageFormat } from "@pixelmesh/proto";

/** Quality of a JPEG that was chosen for a preview: the lowest that keeps full colour resolution. */
const jpegQuality = 90;

/**
 * Encodes a preview. A caller that leaves the format to us gets the one that is encoded quickest and looks the same: PNG for few colours, with a palette, and
 * for transparent pictures; else JPEG of any size with full colour resolution, which takes an eighth of the time of a PNG. A format that the caller names,
 * a quality and `lossless` stay as they are. Throws as `encodeFrame`.
 */
export async function encodePreview(shown: Frame, encoding: Encoding, limits: PictureLimits): Promise<EncodedPicture> {
  const isOurs = encoding.format === ImageFormat.UNSPECIFIED || encoding.format === ImageFormat.AUTO;
  if (!isOurs || encoding.lossless) return encodeFrame(shown, encoding, limits);
  const format = await chooseFormat(createFrameSource(shown), false, 0);
  if (format === ImageFormat.JPEG) {
    const quality = encoding.quality === 0 ? jpegQuality : encoding.quality;
    return encodeFrame(shown, { ...encoding, format, quality }, limits);
  }
  const bytes = format === ImageFormat.PNG ? await encodeIndexedPng(shown) : undefined;
  return bytes === undefined
    ? encodeFrame(shown, { ...encoding, format }, limits)
    : { bytes, format: ImageFormat.PNG, notices: [] };
}
