import { JobState } from "@pixelmesh/client";
import type { Frame } from "@pixelmesh/imaging";
import { ImageFormat } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { downloadFrame, effectStep } from "@pixelmesh/testing/jobs";
import sharp, { type Channels } from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

const [width, height] = [61, 43];
const png = { format: ImageFormat.PNG };

/** Returns the samples of a picture of ramps, edges and all alphas, invisible ones too. */
function drawSamples(channels: Channels): Uint8Array {
  const hasAlpha = channels % 2 === 0;
  return Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [at, channel] = [Math.floor(i / channels), i % channels];
    const [x, y] = [at % width, Math.floor(at / width)];
    if (hasAlpha && channel === channels - 1) return x < 20 ? (x * 13) % 256 : 255;
    const isInside = Math.hypot(x - 30, y - 20) < 12;
    return isInside ? 230 - 60 * channel : (x * 4 + y * 3 * channel) % 256;
  });
}

/** Encodes samples of 8 bits as a PNG with the same channels, of 8 or 16 bits. */
async function toPng(samples: Uint8Array, channels: Channels, depth: "uchar" | "ushort"): Promise<Buffer> {
  const isGrey = channels < 3;
  const isDeep = depth === "ushort";
  const data = isDeep ? Uint16Array.from(samples, (sample) => sample * 257) : samples;
  const space = isDeep ? (isGrey ? "grey16" : "rgb16") : isGrey ? "b-w" : "srgb";
  const bytes = await sharp(data, { raw: { width, height, channels } }).toColourspace(space).png().toBuffer();
  expect(await sharp(bytes).metadata()).toMatchObject({ channels, depth, format: "png" });
  return bytes;
}

/** Returns grey samples as RGB, with the same alpha. */
function spreadGrey(samples: Uint8Array, channels: 1 | 2): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < samples.length; i += channels) {
    const grey = samples[i] as number;
    out.push(grey, grey, grey, ...samples.subarray(i + 1, i + channels));
  }
  return Uint8Array.from(out);
}

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh();
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

/** Applies each effect at its defaults to each picture, in one job. Resolves with each effect's results, in the order of the pictures. */
async function applyAll(
  names: readonly string[],
  pictures: readonly Buffer[],
): Promise<ReadonlyMap<string, readonly Frame[]>> {
  const { client } = mesh;
  const steps = pictures.flatMap((_, at) =>
    names.map((name) => ({
      ...effectStep(`${name}-${at}`, name),
      inputs: [{ from: { $case: "upload" as const, value: `p${at}` } }],
    })),
  );
  const { id } = await client.jobs.create({
    pipeline: { steps, outputs: steps.map(({ id: step }) => ({ name: step, step, encoding: png })) },
    pictures: pictures.map((bytes, at) => ({ name: `p${at}`, bytes })),
    noCache: true,
  });
  const job = await client.jobs.wait(id);
  expect(job.error).toBeUndefined();
  expect(job.state).toBe(JobState.SUCCEEDED);
  const results = names.map(async (name) => {
    const frames = pictures.map((_, at) => downloadFrame(client, job, `${name}-${at}`));
    return [name, await Promise.all(frames)] as const;
  });
  return new Map(await Promise.all(results));
}

/** Returns the pixels of a frame as red, green, blue and alpha. */
function toRgba({ data, channels }: Frame): Buffer {
  const pixels = Buffer.alloc((data.length / channels) * 4, 255);
  for (let i = 0; i < data.length / channels; i++) {
    for (let c = 0; c < 3; c++) pixels[i * 4 + c] = data[i * channels + (channels < 3 ? 0 : c)] as number;
    if (channels % 2 === 0) pixels[i * 4 + 3] = data[(i + 1) * channels - 1] as number;
  }
  return pixels;
}

const alphaOf = (rgba: Buffer) => rgba.filter((_, i) => i % 4 === 3);

// Each 16-bit sample is 257 times one of 8 bits, and each grey has an equal colour.
test.each([
  { what: "RGBA of 16 bits", channels: 4, depth: "ushort" },
  { what: "RGB of 16 bits", channels: 3, depth: "ushort" },
  { what: "grey of 8 bits", channels: 1, depth: "uchar" },
  { what: "grey of 16 bits", channels: 1, depth: "ushort" },
  { what: "grey with alpha of 8 bits", channels: 2, depth: "uchar" },
  { what: "grey with alpha of 16 bits", channels: 2, depth: "ushort" },
] as const)("every effect gives the same for a PNG of $what as for one of 8 bits in colour", async (input) => {
  const { channels, depth } = input;
  const samples = drawSamples(channels);
  const colors = channels === 1 || channels === 2 ? spreadGrey(samples, channels) : samples;
  const plain = await toPng(colors, channels % 2 === 0 ? 4 : 3, "uchar");
  const effects = (await mesh.client.effects()).filter(({ group }) => group !== "preset");
  expect(effects.length).toBeGreaterThan(25);
  const pictures = [await toPng(samples, channels, depth), plain];
  const results = await applyAll(
    effects.map(({ name }) => name),
    pictures,
  );
  for (const { name, group } of effects) {
    const [result, wanted] = results.get(name) as [Frame, Frame];
    expect([result.widthPx, result.heightPx], name).toEqual([wanted.widthPx, wanted.heightPx]);
    const rgba = toRgba(result);
    expect(Buffer.compare(rgba, toRgba(wanted)), name).toBe(0);
    // Effects of composition may change size and alpha.
    if (group === "composition") continue;
    expect([result.widthPx, result.heightPx], name).toEqual([width, height]);
    const alpha = channels % 2 === 0 ? samples.filter((_, i) => i % channels === channels - 1) : undefined;
    expect(Buffer.compare(alphaOf(rgba), alpha ?? Buffer.alloc(width * height, 255)), name).toBe(0);
  }
});
