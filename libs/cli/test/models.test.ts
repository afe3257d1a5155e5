import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startMesh } from "@pixelmesh/local-mesh";
import {
  createDir,
  digestOf,
  modelBytes,
  otherBytes,
  serveFile,
  smallUpscaler,
  startModelServer,
  toOnnxBytes,
  upscalerEntry,
} from "@pixelmesh/testing/models";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCli } from "../src/program.ts";

type Options = { readonly isTTY?: boolean; readonly env?: Record<string, string> };

async function run(args: readonly string[], { isTTY = false, env = {} }: Options = {}) {
  const texts = { out: "", err: "" };
  const exitCode = await runCli(["models", ...args], {
    env,
    stdout: { write: (text) => (texts.out += text) },
    stderr: { write: (text) => (texts.err += text), isTTY, columns: 100 },
    stopping: new AbortController().signal,
    forced: new AbortController().signal,
  });
  return { exitCode, ...texts };
}

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const start = (...args: string[]) =>
  spawn(
    process.execPath,
    ["--conditions=development", "--disable-warning=ExperimentalWarning", main, "models", ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );

describe("models list", () => {
  test("lists local models and models to pull, with licences, without a mesh", async () => {
    using models = createDir(
      upscalerEntry("mine"),
      upscalerEntry("far", { sourceUrl: "https://example.invalid/far.onnx", licence: "BSD-3-Clause" }),
      upscalerEntry("raw", { sourceUrl: "https://example.invalid/raw.pth" }),
      upscalerEntry("bad"),
    );
    writeFileSync(join(models.dir, "mine.onnx"), modelBytes);
    writeFileSync(join(models.dir, "bad.onnx"), otherBytes);
    const { exitCode, out } = await run(["list"], { env: { PIXELMESH_MODELS_DIR: models.dir } });
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^mine +upscale +x2 .*1\.2 MiB +MIT +here$/m);
    expect(out).toMatch(/^far .*BSD-3-Clause +pixelmesh models pull far$/m);
    expect(out).toMatch(/^raw .*published at https:\/\/example\.invalid\/raw\.pth$/m);
    expect(out).toMatch(/^bad .*refused: .*expected/m);
    const json = JSON.parse((await run(["list", "--json", "--models-dir", models.dir, "--task", "upscale"])).out);
    expect(json.find((it: { name: string }) => it.name === "mine")).toMatchObject({
      state: "here",
      sizeBytes: modelBytes.length,
      sha256: digestOf(modelBytes),
      pinned: true,
      downloadable: false,
    });
    expect(json.every((it: { task: string }) => it.task === "upscale")).toBe(true);
  });
});

describe("models show", () => {
  test("shows licence, doubts, training data and sources; `models list` marks the doubts", async () => {
    const source = { kind: "pypi", package: "acme-models", version: "2.0", file: "wheel", member: "a/m.onnx" };
    const file = { sha256: digestOf(modelBytes), sizeBytes: modelBytes.length };
    using models = createDir(
      upscalerEntry("plain"),
      upscalerEntry("doubtful", {
        licenceNote: "No statement.",
        trainedOn: "DIV2K",
        sources: [{ ...source, ...file }],
      }),
    );
    const dir = ["--models-dir", models.dir];
    const { exitCode, out } = await run(["show", "doubtful", ...dir]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^licence +MIT$/m);
    expect(out).toMatch(/^licence note +No statement\.$/m);
    expect(out).toMatch(/^trained on +DIV2K$/m);
    expect(out).toMatch(/^pulled from +pypi: acme-models 2\.0, a\/m\.onnx$/m);
    expect((await run(["show", "plain", ...dir])).out).toMatch(/^licence note +none\ntrained on +not known$/m);
    expect(JSON.parse((await run(["show", "doubtful", "--json", ...dir])).out)).toMatchObject({
      ...{ name: "doubtful", licenceNote: "No statement.", trainedOn: "DIV2K", sources: [source], downloadable: true },
    });
    const list = (await run(["list", ...dir])).out;
    expect(list).toMatch(/^doubtful .* MIT \* +pixelmesh models pull doubtful$/m);
    expect(list).toMatch(/^plain .* MIT +missing$/m);
    expect(list).toMatch(/\n\n\* there are doubts about the licence/);
    const unknown = await run(["show", "doubtfull", ...dir]);
    expect(unknown).toMatchObject({ exitCode: 1, err: expect.stringContaining("Did you mean `doubtful`?") });
  });
});

describe("models pull", () => {
  test("draws a bar on a terminal and plain lines elsewhere, and prints the pinned digest", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    for (const isTTY of [true, false]) {
      using models = createDir(upscalerEntry("m", { sha256: null, sizeBytes: null, sourceUrl: server.url("/m.onnx") }));
      const { exitCode, out, err } = await run(["pull", "m", "--models-dir", models.dir], { isTTY });
      expect(exitCode).toBe(0);
      expect(out).toContain("no sha256 was pinned");
      expect(out).toContain(`PIXELMESH_MODELS_DIR=${models.dir}`);
      expect(out).toContain("any other running mesh uses it after a restart");
      if (isTTY) expect(err).toMatch(/\[K.*\[#{24}\] {2}100 % of 1\.2 MiB/);
      else expect(err).toMatch(/^m: \d+ % of 1\.2 MiB/);
      expect(err.includes("\x1b")).toBe(isTTY);
      expect(models.entry("m").sha256).toBe(digestOf(modelBytes));
    }
  });

  test("prints a JSON report, and fails with a reason", async () => {
    await using server = await startModelServer(serveFile(otherBytes));
    using models = createDir(upscalerEntry("m"), upscalerEntry("raw", { sourceUrl: "https://example.invalid/x.pth" }));
    writeFileSync(join(models.dir, "source.onnx"), modelBytes);
    const dir = ["--models-dir", models.dir];
    const wrong = await run(["pull", "m", "--from", server.url("/m.onnx"), ...dir]);
    expect(wrong).toMatchObject({ exitCode: 1, err: expect.stringContaining("pixelmesh: DIGEST_MISMATCH: ") });
    const raw = await run(["pull", "raw", ...dir]);
    expect(raw).toMatchObject({ exitCode: 1, err: expect.stringContaining("needs conversion to ONNX") });
    const good = await run(["pull", "m", "--json", "--from", join(models.dir, "source.onnx"), ...dir]);
    expect(JSON.parse(good.out)).toMatchObject([{ name: "m", pulled: true, pinned: false }]);
  });

  test("resumes the download of a killed command", async () => {
    let open = true;
    await using server = await startModelServer((request, response, next) => {
      if (!open) return serveFile(modelBytes)(request, response, next);
      response.writeHead(200, { "content-length": modelBytes.length, etag: '"one"' });
      response.write(modelBytes.subarray(0, 700_000));
    });
    using models = createDir(upscalerEntry("m"));
    const args = ["pull", "m", "--from", server.url("/m.onnx"), "--models-dir", models.dir];
    const part = join(models.dir, "m.onnx.part");
    const killed = start(...args);
    const sizeOf = () => statSync(part, { throwIfNoEntry: false })?.size ?? 0;
    await expect.poll(sizeOf, { timeout: 120_000 }).toBeGreaterThanOrEqual(700_000);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect(models.has("m.onnx")).toBe(false);
    expect(models.has("m.onnx.lock")).toBe(true);

    open = false;
    const again = start(...args);
    const [exitCode] = await once(again, "exit");
    expect(exitCode).toBe(0);
    expect(server.seen.at(-1)?.range).toBe("bytes=700000-");
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    expect((await readdir(models.dir)).sort()).toEqual(["m.onnx", "manifest.json"]);
  });

  test("of one model by several processes in parallel downloads it once", async () => {
    await using server = await startModelServer((request, response, next) => {
      setTimeout(() => serveFile(modelBytes)(request, response, next), 1_500);
    });
    using models = createDir(upscalerEntry("m", { sha256: null, sizeBytes: null }));
    const args = ["pull", "m", "--from", server.url("/m.onnx"), "--models-dir", models.dir];
    const commands = [start(...args), start(...args), start(...args)];
    const codes = await Promise.all(commands.map(async (each) => (await once(each, "exit"))[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect(server.seen).toHaveLength(1);
    expect(models.entry("m").sha256).toBe(digestOf(modelBytes));
  });
});

describe("models verify and import", () => {
  test("exit with 1 for broken models", async () => {
    using models = createDir(upscalerEntry("good"), upscalerEntry("gone"), upscalerEntry("lies", { scale: 4 }));
    for (const name of ["good", "lies"]) writeFileSync(join(models.dir, `${name}.onnx`), modelBytes);
    const verify = (...args: string[]) => run(["verify", ...args, "--models-dir", models.dir]);
    expect(await verify("good")).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^good +ok +\S+good\.onnx/m),
    });
    expect(await verify("gone")).toMatchObject({ exitCode: 1, out: expect.stringMatching(/^gone +missing/m) });
    // Only a run shows that its factor differs from its entry.
    expect((await verify("lies")).exitCode).toBe(0);
    expect(await verify("lies", "good", "--load")).toMatchObject({
      exitCode: 1,
      out: expect.stringMatching(/^lies +refused +Expected .*\ngood +ok/m),
    });
    expect(await verify("x")).toMatchObject({ exitCode: 1, err: expect.stringContaining("UNKNOWN_MODEL") });
  });

  test("write an entry that `models list` shows", async () => {
    using models = createDir();
    const file = join(models.dir, "tiny.onnx");
    writeFileSync(file, toOnnxBytes(smallUpscaler()));
    const dir = ["--models-dir", models.dir];
    expect(await run(["import", file, ...dir])).toMatchObject({ exitCode: 2, err: expect.stringContaining("--task") });
    const bad = await run(["import", file, "--task", "upscale", "--mean", "1,2", ...dir]);
    expect(bad).toMatchObject({ exitCode: 2, err: expect.stringContaining("three numbers") });
    const { exitCode, out, err } = await run(["import", file, "--task", "upscale", "--licence", "MIT", ...dir]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^halo +3 px$/m);
    expect(err).toContain("finding out: halo");
    expect((await run(["list", ...dir])).out).toMatch(/^tiny +upscale +x2 .* MIT +here$/m);
  });
});

test("models are loaded into a mesh and unloaded, with the memory before and after", async () => {
  using data = createDir();
  const mesh = await startMesh({
    dataDir: join(data.dir, "mesh"),
    ports: "free",
    env: process.env,
    services: ["ingest", "scheduler", "storage", "upscale"],
  });
  onTestFinished(() => mesh.stop(5_000));
  const name = "pixelmesh-sr-x2";
  const listed = await run(["list", "--task", "upscale", "--address", mesh.address, "--json"]);
  const fsrcnn = JSON.parse(listed.out).find((it: { name: string }) => it.name === "FSRCNN_x2");
  expect(fsrcnn).toMatchObject({
    trainedOn: expect.stringContaining("T91"),
    licenceNote: expect.stringContaining("weights"),
  });
  const inMesh = (...args: string[]) => run([...args, "--address", mesh.address]);
  const loaded = await inMesh("load", name, "--pin", "--json");
  expect(loaded.err).toBe("");
  const [load] = JSON.parse(loaded.out);
  expect(load).toMatchObject({ replica: "upscale-0", name, provider: "cpu", loadMs: expect.any(Number) });
  expect(load.memoryAfterBytes).toBeGreaterThan(0);
  expect((await inMesh("unload", name)).out).toMatch(new RegExp(`^upscale-0 +${name} +\\d.*B +\\d.*B$`, "m"));
  expect((await inMesh("unload", name)).out).toContain("was not loaded");
  expect((await inMesh("load", "nothing")).err).toMatch(/UNKNOWN_MODEL: .*`nothing`; known are: .*pixelmesh-sr-x2/);
});
