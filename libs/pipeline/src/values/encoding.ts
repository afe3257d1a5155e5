import { expected } from "@pixelmesh/errors";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { canonicalColor } from "./color.ts";

const names: ReadonlyMap<ImageFormat, string> = new Map([
  [ImageFormat.AUTO, "auto"],
  [ImageFormat.JPEG, "jpeg"],
  [ImageFormat.PNG, "png"],
  [ImageFormat.WEBP, "webp"],
  [ImageFormat.AVIF, "avif"],
]);

// The contract's defaults. AUTO keeps 0, because only the encoder knows the format.
const defaultQuality: ReadonlyMap<ImageFormat, number> = new Map([
  [ImageFormat.JPEG, 85],
  [ImageFormat.WEBP, 85],
  [ImageFormat.AVIF, 60],
]);

/** Checks that results can be written in an encoding. Throws INVALID_ARGUMENT with the field below `path`. */
export function assertEncoding(encoding: Encoding | undefined, path: string): void {
  if (encoding === undefined) return;
  const { format, quality, lossless, background } = encoding;
  if (format !== ImageFormat.UNSPECIFIED && !names.has(format)) {
    throw expected(`${path}.format`, "AUTO, JPEG, PNG, WEBP or AVIF", formatName(format));
  }
  if (!Number.isInteger(quality) || quality < 0 || quality > 100) {
    throw expected(`${path}.quality`, "an integer from 1 to 100, or 0 for the format's default", quality);
  }
  if (lossless && (format === ImageFormat.JPEG || format === ImageFormat.AVIF)) {
    throw expected(`${path}.lossless`, "false for JPEG and AVIF", lossless);
  }
  if (background !== "" && canonicalColor(background, false) === undefined) {
    throw expected(`${path}.background`, "a colour such as `#rrggbb`", background);
  }
}

/**
 * An encoding with every default filled in, and every field that its format ignores set to a fixed value, so that equivalent
 * encodings are equal. Undefined means AUTO.
 */
export function canonicalEncoding(encoding: Encoding | undefined): Encoding {
  const given = encoding ?? Encoding.create();
  const format = given.format === ImageFormat.UNSPECIFIED ? ImageFormat.AUTO : given.format;
  const lossless = given.lossless && (format === ImageFormat.WEBP || format === ImageFormat.AUTO);
  const hasQuality = format !== ImageFormat.PNG && !lossless;
  const flattens = format === ImageFormat.JPEG || format === ImageFormat.AUTO;
  return {
    format,
    quality: hasQuality ? given.quality || (defaultQuality.get(format) ?? 0) : 0,
    lossless,
    background: (flattens && canonicalColor(given.background, false)) || "#ffffff",
  };
}

/** Text that is equal for equivalent encodings: `jpeg:85`, `webp:lossless`, `auto:0:#000000`. */
export function encodingKey(encoding: Encoding | undefined): string {
  const { format, quality, lossless, background } = canonicalEncoding(encoding);
  const name = names.get(format) ?? String(format);
  return `${name}:${lossless ? "lossless" : quality}${background === "#ffffff" ? "" : `:${background}`}`;
}

function formatName(format: ImageFormat): string {
  return Object.entries(ImageFormat).find(([, value]) => value === format)?.[0] ?? String(format);
}
