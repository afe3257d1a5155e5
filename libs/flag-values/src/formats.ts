import { extname } from "node:path";
import { didYouMean } from "./nearest.ts";
import { UsageError, wrongFlag } from "./usage-error.ts";

/** Words of `--format`. */
export const formats = ["auto", "jpeg", "png", "webp", "avif"] as const;

/** A word of `--format`. */
export type Format = (typeof formats)[number];

/** Further words for formats. */
export const formatAliases: ReadonlyMap<string, Format> = new Map([
  ["jpg", "jpeg"],
  ["jpe", "jpeg"],
  ["jfif", "jpeg"],
]);

/** Endings of file names of other formats. `--format jpeg` with a name in `.gif` is a mistake. */
const otherKinds: ReadonlySet<string> = new Set(
  "apng bmp dib emf eps exr gif hdr heic heif ico j2k jp2 jpf jpx jxl jxr mp4 pbm pcx pdf pgm pnm ppm ps psd qoi svg svgz tga tif tiff webm wmf xcf zip".split(
    " ",
  ),
);

/**
 * Returns the format of an output file: that of `--format`, otherwise that of its ending, otherwise auto. Throws UsageError where the two
 * differ, and for the ending of a format that Pixelmesh does not write.
 */
export function toOutputFormat(path: string, asked: Format | undefined): Format {
  const ending = extname(path).slice(1).toLowerCase();
  const named = toFormat(ending);
  if (named !== undefined) {
    if (asked === undefined || asked === "auto" || asked === named) return named;
    throw new UsageError(`Expected \`-o\` to end as \`--format ${asked}\` does, got \`${path}\``);
  }
  const isOfNoKind = ending === "" || path.startsWith("/dev/") || (asked !== undefined && !otherKinds.has(ending));
  if (isOfNoKind) return asked ?? "auto";
  const endings = [...formats.slice(1), ...formatAliases.keys()];
  const hint = didYouMean(ending, endings).replace("`", "`.");
  throw wrongFlag("-o", "a name that ends with .jpg, .jpeg, .png, .webp or .avif", path, hint);
}

function toFormat(ending: string): Format | undefined {
  return formats.slice(1).find((format) => format === ending) ?? formatAliases.get(ending);
}
