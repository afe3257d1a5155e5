import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { fromWord, type WordOf } from "./words.ts";

/** How an output is encoded; missing fields have the contract's default. */
export type OutputEncoding = {
  /** Default auto: JPEG for large opaque results, else WebP or PNG. */
  readonly format?: Exclude<WordOf<typeof ImageFormat>, "gif" | "tiff">;
  /** 1 to 100 for JPEG, WebP and AVIF. Default: 85, 85 and 60. */
  readonly quality?: number;
  /** WebP only. Default false. */
  readonly lossless?: boolean;
  /** `#rrggbb` behind transparent parts if the format has no alpha. Default #ffffff. */
  readonly background?: string;
};

/** Converts an encoding to its message. Throws INVALID_ARGUMENT for an unknown format. */
export function toEncodingMessage({ format, ...rest }: OutputEncoding): Encoding {
  return Encoding.fromPartial({ ...rest, format: fromWord("format", ImageFormat, format) ?? ImageFormat.AUTO });
}
