import { type ConfigOf, field } from "@pixelmesh/config";
import { defaultLimits, type PictureLimits } from "@pixelmesh/imaging";

/** Settings of picture limits. Every service that handles pictures reads the same ones. */
export const limitFields = {
  maxUploadBytes: field.byteSize(
    "PIXELMESH_INGEST_MAX_UPLOAD",
    "64MiB",
    "Largest picture file that is accepted. Use the same value for every service.",
    { min: 1024 },
  ),
  maxInputPixels: field.integer(
    "PIXELMESH_INGEST_MAX_PIXELS",
    "50000000",
    "Most pixels of a picture that is accepted. Use the same value for every service.",
    { min: 1 },
  ),
  maxOutputPixels: field.integer(
    "PIXELMESH_MAX_OUTPUT_PIXELS",
    "100000000",
    "Most pixels of any result. Use the same value for every service.",
    { min: 1 },
  ),
  allowTiff: field.flag("PIXELMESH_ALLOW_TIFF", "false", "Accept TIFF files. Use the same value for every service."),
} as const;

/** Converts the settings to picture limits. */
export function toPictureLimits(config: ConfigOf<typeof limitFields>): PictureLimits {
  return {
    ...defaultLimits,
    maxBytes: config.maxUploadBytes,
    maxInputPixels: config.maxInputPixels,
    maxOutputPixels: config.maxOutputPixels,
    allowTiff: config.allowTiff,
  };
}
