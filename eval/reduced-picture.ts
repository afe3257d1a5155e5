import type { Frame } from "@pixelmesh/imaging";
import { toPng } from "./run-step.ts";

/** A picture whose sides were cut to multiples of the scale, and its reduced version. */
export type ReducedPicture = {
  readonly name: string;
  readonly original: Frame;
  readonly small: Frame;
  /** The file of `small`, if that was decoded from one. */
  readonly bytes?: Uint8Array;
};

/** Returns the file to upload: that of the reduced picture, else a PNG of it. */
export async function toUpload({ bytes, small }: ReducedPicture): Promise<Uint8Array> {
  return bytes ?? toPng(small);
}
