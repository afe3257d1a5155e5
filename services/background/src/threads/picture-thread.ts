import {
  blurRaster,
  memoryFrameStore,
  openSharedFrameStore,
  type Raster,
  resizeRaster,
  type SharedFrameStore,
} from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import { type CutOutTask, cutOutRaster } from "../domain/cut-out/remove-background.ts";
import { replaceBackgroundIn } from "../domain/replace/compose.ts";
import type { Replacement } from "../domain/replace/parse-replacement.ts";

/** A task of a thread. `frameStore`: where its results lie; default: in memory. */
export type PictureTask = { readonly frameStore?: SharedFrameStore } & (
  | ({ readonly kind: "cutOut" } & CutOutTask<Raster>)
  | {
      readonly kind: "replace";
      readonly cutOut: Raster;
      readonly picture: Raster | undefined;
      readonly replacement: Replacement;
    }
);

serveThread<PictureTask, Raster>((task, context) => {
  const frameStore = task.frameStore ? openSharedFrameStore(task.frameStore) : memoryFrameStore;
  if (task.kind === "cutOut") return cutOutRaster(task, frameStore, context);
  return replaceBackgroundIn(frameStore, task.cutOut, task.replacement, {
    picture: task.picture,
    resize: (picture, widthPx, heightPx) => resizeRaster(picture, widthPx, heightPx, "lanczos3", frameStore),
    blur: (picture, sigmaPx) => blurRaster(picture, sigmaPx, frameStore),
    ...context,
  });
});
