import { type RoleName, roleNames, roles } from "@pixelmesh/roles";

/** One image, `pixelmesh/<name>`: a role of the mesh or the command line. */
export type Image = {
  /** Its workspace package, relative to the root. */
  readonly dir: string;
  /** Whether it carries the inference runtime. */
  readonly runsModels: boolean;
  /** Whether a second variant with the CUDA provider exists. */
  readonly hasCuda: boolean;
  /** Size limit of its tree on disk, in MiB. It detects large new dependencies. */
  readonly maxMib: number;
};

/** Name of an image. */
export type ImageName = RoleName | "cli";

const roleImages = Object.fromEntries(
  roleNames.map((name) => {
    const { runsModels, imageMaxMib } = roles[name];
    return [name, { dir: `services/${name}`, runsModels, hasCuda: runsModels, maxMib: imageMaxMib }];
  }),
) as Record<RoleName, Image>;

/** Every image with a tree, by name. The command line verifies models, so it carries the inference runtime. */
export const images: Readonly<Record<ImageName, Image>> = {
  ...roleImages,
  cli: { dir: "libs/cli", runsModels: true, hasCuda: false, maxMib: 100 },
};

/** Whether an image of this name exists. */
export function isImageName(text: string): text is ImageName {
  return Object.hasOwn(images, text);
}
