import { readFileSync } from "node:fs";
import { JobState } from "@pixelmesh/client";
import { ImageFormat, type Step } from "@pixelmesh/proto";
import { startTestMesh } from "@pixelmesh/testing";
import { download, effectStep, step } from "@pixelmesh/testing/jobs";
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
  // Floats of the inverted picture, and their columns, lie in files.
  const columns: Operation = {
    $case: "applyEffects",
    value: {
      effects: [
        { name: "invert", parameters: {} },
        { name: "pixel_sort", parameters: { axis: { kind: { $case: "text", value: "columns" } } } },
      ],
    },
  };
  for (const [service, operation, encoding] of [
    ["effects", effect, jpeg],
    ["effects", columns, jpeg],
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

test.skipIf(process.platform !== "linux")(
  "a chain with windows does not hold a picture of 100 megapixels",
  async () => {
    const sidePx = 10_000;
    await using mesh = await startTestMesh({ env: { PIXELMESH_INGEST_MAX_PIXELS: "100000000" } });
    const { client } = mesh;
    const raw = { raw: { width: 1_000, height: 1_000, channels: 3 } } as const;
    // Tiles of a ramp: each pixel differs from its neighbours, and the file is small.
    const tile = Uint8Array.from({ length: 3_000_000 }, (_, i) => ((i % 3_000) / 12 + Math.floor(i / 3_000) / 8) % 256);
    const bytes = await sharp({ create: { width: sidePx, height: sidePx, channels: 3, background: "#5a5a5a" } })
      .composite([{ input: await sharp(tile, raw).png().toBuffer(), tile: true }])
      .jpeg()
      .toBuffer();
    const number = (value: number) => ({ kind: { $case: "number" as const, value } });
    const effects = [
      { name: "blur", parameters: { radius: number(16) } },
      { name: "clarity", parameters: {} },
      { name: "halftone", parameters: {} },
    ];
    const pid = mesh.processes().find(({ name }) => name === "effects")?.pid ?? 0;
    const run = async (picture: Uint8Array) => {
      const { id } = await client.jobs.create({
        pipeline: {
          steps: [step("fx", { $case: "applyEffects", value: { effects } })],
          outputs: [{ name: "result", encoding: { format: ImageFormat.JPEG } }],
        },
        pictures: [{ bytes: picture }],
        noCache: true,
      });
      const job = await client.jobs.wait(id);
      expect(job.error).toBeUndefined();
      expect(job.state).toBe(JobState.SUCCEEDED);
      const { width: widthPx, height: heightPx } = await sharp(await download(client, job, "result")).metadata();
      return { widthPx, heightPx };
    };
    // Loads what every job needs.
    await run(await sharp(tile, raw).jpeg().toBuffer());
    const call = async () => expect(await run(bytes)).toEqual({ widthPx: sidePx, heightPx: sidePx });
    // Less than the pixels of the picture alone.
    expect(await peakGrowthMib(pid, call)).toBeLessThan((sidePx * sidePx * 3) / 2 ** 20);
  },
);
