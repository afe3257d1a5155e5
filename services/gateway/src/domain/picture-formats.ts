import { ImageFormat } from "@pixelmesh/proto";

const known: ReadonlyMap<ImageFormat, { readonly type: string; readonly ending: string }> = new Map([
  [ImageFormat.JPEG, { type: "image/jpeg", ending: "jpg" }],
  [ImageFormat.PNG, { type: "image/png", ending: "png" }],
  [ImageFormat.WEBP, { type: "image/webp", ending: "webp" }],
  [ImageFormat.AVIF, { type: "image/avif", ending: "avif" }],
]);

/** Returns the media type of a result's format. */
export function mediaTypeOf(format: ImageFormat): string {
  return known.get(format)?.type ?? "application/octet-stream";
}

/** Returns the ending of file names of a result's format. */
export function endingOf(format: ImageFormat): string {
  return known.get(format)?.ending ?? "bin";
}
