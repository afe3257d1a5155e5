import { readFileSync } from "node:fs";
import { ImageFormat, type Step } from "@pixelmesh/proto";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { expect, test } from "vitest";
import { callDirect } from "../support/direct-calls.ts";

type Operation = NonNullable<Step["operation"]>;

const jpeg = { format: ImageFormat.JPEG, quality: 0, lossless: false, background: "" };
const png = { ...jpeg, format: ImageFormat.PNG };
const [width, height] = [6_800, 4_900];
/** Size of the pixels of the picture and of a cut-out together. */
const framesMib = (width * height * (3 + 4)) / 2 ** 20;

function anonymousMib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
}

/** Runs `act` and returns the largest growth of a process's anonymous memory meanwhile (Linux only). */
async function peakGrowthMib(pid: number, act: () => Promise<unknown>): Promise<number> {
  const before = anonymousMib(pid);
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, anonymousMib(pid));
  }, 10);
  await act().finally(() => clearInterval(timer));
  return most - before;
}

test.skipIf(process.platform !== "linux")("effects and cut-outs do not hold a large picture whole", async () => {
  await using mesh = await startTestMesh();
  const raw = Buffer.alloc(width * height * 3, 90);
  const bytes = await sharp(raw, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
  const cutOut: Operation = { $case: "removeBackground", value: { model: "pixelmesh-matte" } };
  const effect = effectStep("fx", "dither", { method: "threshold" }).operation as Operation;
  for (const [service, operation, encoding] of [
    ["effects", effect, jpeg],
    ["background", cutOut, png],
  ] as const) {
    const pid = mesh.processes().find(({ name }) => name === service)?.pid ?? 0;
    const call = async () => {
      const { header } = await callDirect(mesh, operation, bytes, encoding);
      expect(header).toMatchObject({ widthPx: width, heightPx: height });
    };
    expect(await peakGrowthMib(pid, call), service).toBeLessThan(0.8 * framesMib);
  }
});
