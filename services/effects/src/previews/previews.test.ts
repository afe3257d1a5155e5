import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createFrame, defaultLimits, type Frame } from "@pixelmesh/imaging";
import { PreviewEffectsRequest } from "@pixelmesh/proto";
import { createMetrics, withCallInfo } from "@pixelmesh/telemetry";
import { expect, test } from "vitest";
import { toEffect } from "../../test/pictures.ts";
import { type PreviewPlan, parsePreviewPlan } from "../domain/preview-request.ts";
import { createPreviewsOf } from "./previews.ts";
import type { PreviewSource } from "./source.ts";

const never = new AbortController().signal;
const mib = 1024 * 1024;

const toSource = (sha256: string): PreviewSource => ({
  sha256,
  isSent: true,
  open: () => Promise.reject(new Error("The decode of this test reads no bytes")),
  hold: () => () => {},
  close() {},
});

function toPlan(contrast: number, viewer = "", steps = 1): PreviewPlan {
  const effects = Array.from({ length: steps }, () => toEffect("black_and_white", { contrast }));
  return parsePreviewPlan(PreviewEffectsRequest.fromPartial({ operation: { effects }, maxSidePx: 1_024, viewer }));
}

/** Previews of sources whose copies have 1024×1024 pixels; each decode is listed with its frame. */
function createTestPreviews(previewConcurrency = 1) {
  const decodes: { readonly sha256: string; readonly frame: WeakRef<Frame> }[] = [];
  const worker = { limits: defaultLimits, base: { metrics: createMetrics("effects", "0") } };
  const settings = { previewSourcesBytes: 8 * mib, previewResultsBytes: 16 * mib, previewConcurrency };
  const previews = createPreviewsOf(worker, settings, async ({ sha256 }) => {
    const frame = createFrame(1_024, 1_024, 3, new Uint8Array(3 * mib).fill(90));
    decodes.push({ sha256, frame: new WeakRef(frame) });
    return { frame, source: { widthPx: 2_048, heightPx: 2_048 } };
  });
  const make = (sha256: string, plan: PreviewPlan, signal = never) => previews.make(toSource(sha256), plan, signal);
  return { decodes, make };
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("previews that wait hold no copies besides those of the cache", async () => {
  const { decodes, make } = createTestPreviews();
  const calls = [make("slow", toPlan(1, "", 16))];
  const names = Array.from({ length: 12 }, (_, at) => `${at}`);
  for (const name of names) calls.push(make(name, toPlan(1)));
  // Until all are decoded, and the first is in progress.
  while (decodes.length <= names.length) await nextTurn();
  await nextTurn();
  collectGarbage();
  const held = decodes.filter(({ frame }) => frame.deref() !== undefined);
  // Two copies fit into 8 MiB; one more is in use.
  expect(held.length).toBeLessThanOrEqual(3);
  const answers = await Promise.all(calls);
  expect(answers.map(({ header }) => header?.widthPx)).toEqual(answers.map(() => 1_024));
});

test("chains leave a kept copy as it is", async () => {
  const { decodes, make } = createTestPreviews();
  const first = await make("a", toPlan(1.4));
  await make("a", toPlan(0.7));
  expect(decodes[0]?.frame.deref()?.data.every((value) => value === 90)).toBe(true);
  const again = await make("a", toPlan(1.4));
  expect(again.cached).toBe(true);
  expect(Buffer.compare(again.picture, first.picture)).toBe(0);
  expect(decodes).toHaveLength(1);
});

test("results are kept for a tenant and no other", async () => {
  const { decodes, make } = createTestPreviews();
  const ask = (tenant: string) => withCallInfo({ tenant }, () => make("a", toPlan(1)));
  expect([(await ask("one")).cached, (await ask("one")).cached, (await ask("two")).cached]).toEqual([
    false,
    true,
    false,
  ]);
  expect(decodes).toHaveLength(2);
});

test("a replaced preview and one whose caller has left give their turns back", async () => {
  const { make } = createTestPreviews();
  const older = make("a", toPlan(1, "left", 16));
  const newer = make("a", toPlan(2, "left"));
  await expect(older).rejects.toMatchObject({ reason: "CANCELLED" });
  expect((await newer).cached).toBe(false);
  const leaving = new AbortController();
  const left = make("a", toPlan(3, "", 16), leaving.signal);
  await nextTurn();
  leaving.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  expect((await make("a", toPlan(4))).cached).toBe(false);
});

test("a preview that is too large itself is refused", async () => {
  const { make } = createTestPreviews();
  const padded = (sides: string) => {
    const effects = [toEffect("padding", { sides })];
    return parsePreviewPlan(PreviewEffectsRequest.fromPartial({ operation: { effects }, maxSidePx: 1_024 }));
  };
  // The copy has half the size of the source, and so have its borders.
  expect((await make("a", padded("300"))).header).toMatchObject({ widthPx: 1_324, heightPx: 1_324 });
  await expect(make("a", padded("8000"))).rejects.toMatchObject({
    reason: "OUTPUT_TOO_LARGE",
    message: expect.stringContaining("9024x9024"),
  });
  await expect(make("a", padded("3900"))).rejects.toMatchObject({
    reason: "OUTPUT_TOO_LARGE",
    message: expect.stringContaining("4924x4924"),
  });
});
