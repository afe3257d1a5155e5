import { ImageFormat } from "@pixelmesh/proto";

type FormatFacts = { readonly name: string; readonly extension: string; readonly mediaType: string };

const facts: ReadonlyMap<ImageFormat, FormatFacts> = new Map([
  [ImageFormat.JPEG, { name: "JPEG", extension: "jpg", mediaType: "image/jpeg" }],
  [ImageFormat.PNG, { name: "PNG", extension: "png", mediaType: "image/png" }],
  [ImageFormat.WEBP, { name: "WebP", extension: "webp", mediaType: "image/webp" }],
  [ImageFormat.AVIF, { name: "AVIF", extension: "avif", mediaType: "image/avif" }],
  [ImageFormat.GIF, { name: "GIF", extension: "gif", mediaType: "image/gif" }],
  [ImageFormat.TIFF, { name: "TIFF", extension: "tif", mediaType: "image/tiff" }],
]);

const unknown: FormatFacts = { name: "unknown", extension: "bin", mediaType: "application/octet-stream" };

/** Returns the format's usual name, such as "WebP"; "unknown" for AUTO and the like. */
export function toFormatName(format: ImageFormat): string {
  return (facts.get(format) ?? unknown).name;
}

/** Returns the file name extension without its dot, such as "jpg"; "bin" if there is no single format. */
export function toFormatExtension(format: ImageFormat): string {
  return (facts.get(format) ?? unknown).extension;
}

/** Returns the media type, such as "image/jpeg"; "application/octet-stream" if there is no single format. */
export function toFormatMediaType(format: ImageFormat): string {
  return (facts.get(format) ?? unknown).mediaType;
}
