import { blurRaster, type LentRoom, memoryRoom, openLentRoom, type Raster, resizeRaster } from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import { replaceBackgroundIn } from "../domain/compose.ts";
import { type CutOutTask, cutOutRaster } from "../domain/remove.ts";
import type { Replacement } from "../domain/replacement.ts";

/** What a thread does with pictures. `room`: where its results are kept; default: in memory. */
export type PictureTask = { readonly room?: LentRoom } & (
  | ({ readonly kind: "cutOut" } & CutOutTask<Raster>)
  | {
      readonly kind: "replace";
      readonly cutOut: Raster;
      readonly picture: Raster | undefined;
      readonly replacement: Replacement;
    }
);

serveThread<PictureTask, Raster>((task, context) => {
  const room = task.room ? openLentRoom(task.room) : memoryRoom;
  if (task.kind === "cutOut") return cutOutRaster(task, room, context);
  return replaceBackgroundIn(room, task.cutOut, task.replacement, {
    picture: task.picture,
    resize: (picture, widthPx, heightPx) => resizeRaster(picture, widthPx, heightPx, "lanczos3", room),
    blur: (picture, sigmaPx) => blurRaster(picture, sigmaPx, room),
    ...context,
  });
});
