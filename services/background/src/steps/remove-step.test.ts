import { createFrame, memoryFrameStore } from "@pixelmesh/imaging";
import { Step } from "@pixelmesh/proto";
import type { Models } from "@pixelmesh/worker";
import { expect, test } from "vitest";
import { createPicture, textured } from "../../test/pictures.ts";
import type { PictureWork } from "../threads/picture-work.ts";
import { createRemoveHandler } from "./remove-step.ts";

const sidePx = 32;

/** A pool with one host, whose model finds a disc. `note` is told what happens. */
function openModels(note: (event: string) => void): Models {
  const model = {
    name: "disc",
    task: "matte",
    digest: "d",
    input: { fixedSizePx: { widthPx: sidePx, heightPx: sidePx } },
    output: { stretch: true },
  };
  const data = Float32Array.from({ length: sidePx ** 2 }, (_, at) =>
    Math.hypot((at % sidePx) - 16, Math.floor(at / sidePx) - 16) < 9 ? 0.95 : 0.02,
  );
  const host = {
    provider: "cpu",
    async runMatte() {
      note("model run");
      return { data };
    },
  };
  return {
    registry: { find: () => model, defaultFor: () => model },
    pool: {
      acquire: async () => ({ host, release: () => note("model released") }),
      renewGrant() {},
      endGrant() {},
    },
  } as unknown as Models;
}

test("the slot is released when the matte is found, before the pixels are fitted", async () => {
  const events: string[] = [];
  const work: PictureWork = {
    async run() {
      events.push("fitted");
      return createFrame(80, 60, 4);
    },
    close: async () => {},
  };
  const handler = createRemoveHandler(
    openModels((event) => events.push(event)),
    work,
    { maxFrameBytes: 2 ** 26 },
  );
  const step = Step.fromPartial({ id: "cut", operation: { $case: "removeBackground", value: { model: "disc" } } });
  const picture = createPicture({ widthPx: 80, heightPx: 60 }, 3, textured(1));
  await handler.runRasters(step, [picture], {
    frameStore: memoryFrameStore,
    signal: new AbortController().signal,
    option: { tilePx: sidePx, batch: 1, peakBytes: 0, computeTokens: 1 },
    slotId: "s",
    deviceId: "d",
    onRenewed() {},
    onProgress() {},
    retryAfterOutOfMemory: (error) => Promise.reject(error),
    nextSlot: () => Promise.reject(new Error("no other slot")),
    releaseSlot: () => events.push("slot released"),
  });
  expect(events).toEqual(["model run", "model released", "slot released", "fitted"]);
});
