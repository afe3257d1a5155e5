import { AppError } from "@pixelmesh/errors";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import type { CreateStage, RowShape } from "../rows/rows.ts";
import { createFloatPicture, type FloatPictureSink, type OpenPictureRows } from "./float-picture.ts";
import type { PictureRows } from "./picture-rows.ts";
import type { PrepareContext } from "./prepared-effect.ts";
import { runRows } from "./run-rows.ts";

/** Passes the rows of a picture through a stage, into a picture of floats of this shape in the frame store. */
export async function renderRows(
  picture: PictureRows,
  createStage: CreateStage,
  shape: RowShape,
  { frameStore, pace }: Pick<PrepareContext, "frameStore" | "pace">,
): Promise<OpenPictureRows> {
  const space = openKernelSpace();
  let sink: FloatPictureSink | undefined;
  const open = async (of: RowShape) => {
    sink = await createFloatPicture(of, frameStore);
    return sink;
  };
  try {
    const parts = [{ shape: picture.shape, createStage }];
    await runRows(space, { picture, parts, shape }, { to: "floats", open }, pace);
    if (sink === undefined) throw new AppError("INTERNAL", "A rendered picture has no result");
    return await sink.open();
  } finally {
    await sink?.abandon();
    space.close();
  }
}
