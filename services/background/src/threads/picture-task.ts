import { blurRaster, type FrameStore, type Raster, resizeRaster } from "@pixelmesh/imaging";
import type { WorkOptions } from "../domain/cut-out/cut-out-rows.ts";
import { type CutOutTask, cutOutRaster } from "../domain/cut-out/remove-background.ts";
import { replaceBackgroundIn } from "../domain/replace/compose.ts";
import type { Replacement } from "../domain/replace/parse-replacement.ts";

/** Pixel work on one picture. */
export type PictureTask =
  | ({ readonly kind: "cutOut" } & CutOutTask<Raster>)
  | {
      readonly kind: "replace";
      readonly cutOut: Raster;
      readonly picture: Raster | undefined;
      readonly replacement: Replacement;
    };

/** Does a task in this thread. Its pictures lie in the frame store. */
export function runPictureTask(task: PictureTask, frameStore: FrameStore, options: WorkOptions): Promise<Raster> {
  if (task.kind === "cutOut") return cutOutRaster(task, frameStore, options);
  return replaceBackgroundIn(frameStore, task.cutOut, task.replacement, {
    picture: task.picture,
    resize: (picture, widthPx, heightPx) => resizeRaster(picture, widthPx, heightPx, "lanczos3", frameStore),
    blur: (picture, sigmaPx) => blurRaster(picture, sigmaPx, frameStore),
    ...options,
  });
}
