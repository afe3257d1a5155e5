import type { Model } from "@pixelmesh/proto";
import type { Catalogue } from "./catalogue.ts";

/** Stands for a model's name: the compression of the picture decides between the default model and the one for compressed pictures. */
export const AUTO_MODEL = "auto";

/** Stands for a model's name: the model for compressed pictures of the nearest scale. */
export const PHOTO_MODEL = "photo";

/** Facts of a picture by which `auto` chooses. Members that are left out are not known. */
export type Compression = {
  /** Quality of a JPEG file, 1 to 100, estimated from its quantisation table. */
  readonly jpegQuality?: number | undefined;
  /** How much more often brightness steps at borders of blocks of 8×8 px than elsewhere: about 1 without blocks. */
  readonly blockiness?: number | undefined;
  /** The picture was shrunk to half its sides or less since, which hides blocks. */
  readonly isShrunk?: boolean | undefined;
};

/** JPEG files of this quality or less take the model for compressed pictures. See docs/adr/0119. */
export const COMPRESSED_QUALITY = 85;

/** Pictures of this blockiness or more take the model for compressed pictures, in any format. See docs/adr/0119. */
export const COMPRESSED_BLOCKINESS = 1.3;

/** A model that `auto` chose, and the reason in words. */
export type AutoChoice = { readonly model: Model; readonly why: string };

/** Whether a model is one for compressed pictures: its name ends with `-photo`. */
export function isPhotoModel({ name }: Pick<Model, "name">): boolean {
  return name.endsWith(`-${PHOTO_MODEL}`);
}

/**
 * Chooses between the default model and the available model for compressed pictures of the same scale, the first by name. Equal facts give
 * the same model.
 */
export function chooseByCompression(
  plain: Model,
  compression: Compression | undefined,
  { upscaleModels }: Catalogue,
): AutoChoice {
  const { isCompressed, why } = judgeCompression(compression);
  if (!isCompressed) return { model: plain, why };
  const photo = upscaleModels
    .filter((model) => isPhotoModel(model) && model.scale === plain.scale && model.available)
    .sort((a, b) => (a.name < b.name ? -1 : 1))[0];
  if (photo) return { model: photo, why };
  return { model: plain, why: `${why}, but no model for compressed pictures of scale ${plain.scale} is available` };
}

/** Whether a picture counts as compressed, and the reason in words. */
export function judgeCompression(compression: Compression | undefined): {
  readonly isCompressed: boolean;
  readonly why: string;
} {
  const { jpegQuality, blockiness, isShrunk = false } = compression ?? {};
  if (isShrunk) return { isCompressed: false, why: "the picture was shrunk to half its sides or less" };
  const isLow = jpegQuality !== undefined && jpegQuality <= COMPRESSED_QUALITY;
  if (isLow) return { isCompressed: true, why: `the picture is a JPEG of about quality ${jpegQuality}` };
  const file = jpegQuality === undefined ? "the picture" : `the picture is a JPEG of about quality ${jpegQuality} and`;
  if (blockiness === undefined) {
    const why = jpegQuality === undefined ? "the compression of the picture is not known" : file.replace(" and", "");
    return { isCompressed: false, why };
  }
  const isBlocky = blockiness >= COMPRESSED_BLOCKINESS;
  const has = isBlocky ? "has visible blocks" : "has no visible blocks";
  return { isCompressed: isBlocky, why: `${file} ${has} (blockiness ${blockiness.toFixed(2)})` };
}
