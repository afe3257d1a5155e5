import { blurFrame, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import { replaceBackground } from "../domain/compose.ts";
import { type CutOutTask, cutOutFrame } from "../domain/remove.ts";
import type { Replacement } from "../domain/replacement.ts";

/** What a thread does with whole pictures. */
export type PictureTask =
  | ({ readonly kind: "cutOut" } & CutOutTask)
  | {
      readonly kind: "replace";
      readonly cutOut: Frame;
      readonly picture: Frame | undefined;
      readonly replacement: Replacement;
    };

serveThread<PictureTask, Frame>((task, context) =>
  task.kind === "cutOut"
    ? cutOutFrame(task, context)
    : replaceBackground(task.cutOut, task.replacement, {
        picture: task.picture,
        resize: resizeFrame,
        blur: blurFrame,
        ...context,
      }),
);
