import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { digestOf } from "@pixelmesh/testing/models";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { runCli } from "../src/program.ts";

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../models/convert/tests/fixtures/${name}`, import.meta.url));

function createFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-convert-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function convert(args: readonly string[], env: Record<string, string | undefined> = process.env) {
  const texts = { out: "", err: "" };
  const exitCode = await runCli(["models", "convert", ...args], {
    env,
    stdout: { write: (text) => (texts.out += text) },
    stderr: { write: (text) => (texts.err += text) },
    stopping: AbortSignal.timeout(600_000),
    forced: new AbortController().signal,
  });
  return { exitCode, ...texts };
}

/** Skips a test where the packages of the converter are not here and cannot be installed. */
function skipWithoutPackages(context: TestContext, { exitCode, err }: { exitCode: number; err: string }): void {
  const isMissing = exitCode !== 0 && /cannot be installed|Expected \S+ to be Python/.test(err);
  if (!isMissing) return;
  const why = err.trim().split("\n").at(-1) ?? "";
  console.warn(`SKIPPED: ${context.task.name}: ${why}`);
  context.skip(why);
}

/** The first conversion on a machine installs packages. */
const installs = { timeout: 15 * 60_000 };

describe("models convert", () => {
  test("says what is missing without a usable Python", async () => {
    const dir = createFolder();
    const without = join(dir, "python-without-venv");
    writeFileSync(without, "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'ensurepip'\" >&2\nexit 1\n");
    chmodSync(without, 0o755);
    const old = join(dir, "python-3.8");
    writeFileSync(old, "#!/bin/sh\necho 3.8\n");
    chmodSync(old, 0o755);
    for (const [interpreter, text] of [
      [join(dir, "none"), "ENOENT"],
      [without, "No module named 'ensurepip'"],
      [old, "got: 3.8"],
    ] as const) {
      const env = { ...process.env, PIXELMESH_PYTHON: interpreter };
      const { exitCode, err } = await convert([fixture("srvgg-x4.pth"), "--models-dir", dir], env);
      expect(exitCode).toBe(1);
      expect(err).toContain("to be Python 3.10 or later with venv and ensurepip");
      expect(err).toContain(text);
    }
  });

  test("refuses other files before it looks for Python", async () => {
    const env = { PIXELMESH_PYTHON: "none" };
    expect(await convert([fixture("srvgg-x4.npz")], env)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("Expected `file` to be a .pth, .pt or .param file"),
    });
    expect(await convert([fixture("missing.pth")], env)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("Expected `file` to be a file that exists"),
    });
  });

  test(
    "adds a checkpoint that torch wrote as a measured model, and accepts the same file again",
    installs,
    async (context) => {
      const dir = createFolder();
      const args = [fixture("srvgg-x4.pth"), "--name", "tiny", "--licence", "CC0-1.0", "--models-dir", dir];
      const first = await convert(args);
      skipWithoutPackages(context, first);
      expect(first).toMatchObject({ exitCode: 0, err: expect.stringContaining("SRVGGNetCompact, x4") });
      const [entry] = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8")).models;
      // Four 3×3 convolutions see 4 px. The graph's arithmetic shows as many in 8 bits, or fewer.
      expect(entry).toMatchObject({ name: "tiny", task: "upscale", scale: 4, licence: "CC0-1.0", sizeMultiple: 1 });
      expect(entry.haloPx).toBeGreaterThan(0);
      expect(entry.haloPx).toBeLessThanOrEqual(4);
      expect(entry.sha256).toBe(digestOf(readFileSync(join(dir, "tiny.onnx"))));
      expect(await convert(args)).toMatchObject({ exitCode: 0, out: expect.stringContaining("tiny: was here") });
      const other = [fixture("esrgan-x4.pth"), ...args.slice(1)];
      expect(await convert(other)).toMatchObject({ exitCode: 1, err: expect.stringContaining("choose one by --name") });
    },
  );

  test("refuses a checkpoint that holds code, and leaves nothing behind", installs, async (context) => {
    const dir = createFolder();
    const result = await convert([fixture("whole-module.pth"), "--models-dir", dir]);
    skipWithoutPackages(context, result);
    expect(result).toMatchObject({ exitCode: 1, err: expect.stringContaining("Expected a pickle of tensors only") });
    expect(existsSync(join(dir, "manifest.json"))).toBe(false);
    expect(readdirSync(dir)).toEqual([]);
  });
});
