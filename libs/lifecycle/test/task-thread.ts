import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { AppError } from "@pixelmesh/errors";
import { serveThread } from "../src/index.ts";

/** A task of the tests' thread. */
export type TestTask =
  | { readonly kind: "invert" | "fill"; readonly picture: { readonly data: Uint8Array } }
  | { readonly kind: "refuse" | "throw" | "die" | "wait" };

serveThread<TestTask, { readonly threadId: number; readonly data: Uint8Array }>(
  async (task, { signal, onProgress }) => {
    if (task.kind === "refuse") throw new AppError("RESULT_INVALID", "Not like this");
    if (task.kind === "throw") throw new TypeError("a bug");
    if (task.kind === "die") process.exit(3);
    if (task.kind === "wait") await sleep(60_000, undefined, { signal });
    if (task.kind === "fill") task.picture.data.fill(9);
    onProgress(1);
    return {
      threadId,
      data: task.kind === "invert" ? task.picture.data.map((value) => 255 - value) : new Uint8Array(0),
    };
  },
);
