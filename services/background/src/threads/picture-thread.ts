import { openSharedFrameStore, type Raster, type SharedFrameStore } from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import { type PictureTask, runPictureTask } from "./picture-task.ts";

/** A task of a thread, and where its pictures lie. */
export type ThreadTask = { readonly task: PictureTask; readonly frameStore: SharedFrameStore };

serveThread<ThreadTask, Raster>(({ task, frameStore }, context) =>
  runPictureTask(task, openSharedFrameStore(frameStore), context),
);
