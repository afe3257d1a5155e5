import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrame, decodePicture, defaultLimits, encodeFrame, type Frame } from "@pixelmesh/imaging";
import { type Mesh, startMesh } from "@pixelmesh/local-mesh";
import { ImageFormat } from "@pixelmesh/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCli } from "./start-cli.ts";

let mesh: Mesh;
const root = mkdtempSync(join(tmpdir(), "pixelmesh-cli-"));
const pathOf = (name: string) => join(root, name);

beforeAll(async () => {
  mesh = await startMesh({
    dataDir: pathOf("mesh"),
    ports: "free",
    env: process.env,
    services: ["ingest", "scheduler", "storage", "effects"],
  });
  await writeFlat("photo.png", 200, 100, [16, 16, 16]);
  await writeFlat("red.png", 40, 20, [255, 0, 0]);
  await writeFlat("green.png", 80, 40, [0, 255, 0]);
});

afterAll(async () => {
  await mesh?.stop(5_000);
  rmSync(root, { recursive: true, force: true });
});

const run = (...args: string[]) => startCli([...args, "--address", mesh.address]).done;

async function writeFlat(name: string, widthPx: number, heightPx: number, color: readonly number[]): Promise<void> {
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => color[i % 3] as number);
  const encoding = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };
  writeFileSync(pathOf(name), (await encodeFrame(createFrame(widthPx, heightPx, 3, data), encoding)).bytes);
}

async function read(name: string): Promise<Frame> {
  return (await decodePicture(readFileSync(pathOf(name)), defaultLimits)).frame;
}

function pixelAt({ data, channels, widthPx }: Frame, x: number, y: number): number[] {
  return [...data.subarray((y * widthPx + x) * channels, (y * widthPx + x) * channels + 3)];
}

const markOf = (file: string, position: string) =>
  `watermark:picture=@${pathOf(file)},size=20,margin=0,opacity=100,position=${position}`;

test("pictures of effects are uploaded and laid over the picture, in the chain and in a variant", async () => {
  const { exitCode, err } = await run(
    ...["run", pathOf("photo.png"), "--format", "png", "--out-dir", root],
    ...["--effect", markOf("red.png", "top_left"), "--effect", markOf("green.png", "bottom_right")],
    ...["--variant", `both=${markOf("green.png", "center")}`],
  );
  expect(err).toContain("done in");
  expect(exitCode).toBe(0);
  const result = await read("photo.result.png");
  expect(pixelAt(result, 5, 5)).toEqual([255, 0, 0]);
  expect(pixelAt(result, 195, 95)).toEqual([0, 255, 0]);
  expect(pixelAt(result, 100, 50)).toEqual([16, 16, 16]);
  const variant = await read("photo.both.png");
  expect(pixelAt(variant, 5, 5)).toEqual([255, 0, 0]);
  expect(pixelAt(variant, 100, 50)).toEqual([0, 255, 0]);
});

test("a missing file, standard input and a file without @ are refused before anything is uploaded", async () => {
  for (const value of [`@${pathOf("nowhere.png")}`, "@-", "red.png"]) {
    const { exitCode, err } = await run("run", pathOf("photo.png"), "--effect", `watermark:picture=${value}`);
    expect(exitCode).toBe(2);
    expect(err).toContain("Expected `--effect watermark:picture` to be @FILE, the path of a picture");
    expect(err).toContain("got `");
  }
});

test("an output that would overwrite the picture of an effect is refused", async () => {
  const args = ["run", pathOf("photo.png"), "--effect", markOf("red.png", "top"), "-o", pathOf("red.png")];
  const { exitCode, err } = await run(...args);
  expect([exitCode, err]).toEqual([2, expect.stringContaining("Expected `-o` to be no input")]);
  expect(pixelAt(await read("red.png"), 1, 1)).toEqual([255, 0, 0]);
});

test("a preview takes no further picture and says so", async () => {
  const out = pathOf("preview.png");
  const args = ["effects", "preview", pathOf("photo.png"), "--effect", markOf("red.png", "top"), "-o", out];
  const { exitCode, err } = await run(...args);
  expect([exitCode, err]).toEqual([2, expect.stringContaining("without further pictures, which only `run` takes")]);
  expect(existsSync(out)).toBe(false);
});

test("a text with a comma, and what `effects show` says of the parameters", async () => {
  const out = pathOf("text.png");
  const effect = "watermark:text=Jane\\, Ωж,opacity=100,size=50,position=center";
  expect((await run("run", pathOf("photo.png"), "--effect", effect, "-o", out)).exitCode).toBe(0);
  const { data } = await read("text.png");
  expect(Math.max(...data)).toBe(255);
  const shown = await run("effects", "show", "watermark");
  expect(shown.out).toMatch(/picture +@FILE/);
  expect(shown.out).toContain("--effect watermark:text=Sample,position=bottom_right");
  const wrong = await run("run", pathOf("photo.png"), "--effect", "watermark:text=漢字", "-o", pathOf("no.png"));
  expect(wrong.exitCode).toBe(1);
  expect(wrong.err).toContain("got `漢 (U+6F22)`");
});
