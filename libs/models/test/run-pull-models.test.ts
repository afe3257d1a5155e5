import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const path = (from: string) => fileURLToPath(new URL(`../../../${from}`, import.meta.url));
const bundled = JSON.parse(readFileSync(path("models/manifest.json"), "utf8")) as {
  models: { name: string; file: string; sha256: string | null }[];
};
const bundledEntry = bundled.models.find(({ name }) => name === "pixelmesh-sr-x2");

/** Runs a service like the chart's init container, with a models directory of one entry and a mirror with its file. */
function pull(sha256: string | null) {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-init-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const [models, mirror] = ["models", "mirror"].map((name) => join(dir, name)) as [string, string];
  for (const made of [models, mirror]) mkdirSync(made);
  const entry = { ...bundledEntry, name: "mine", file: "mine.onnx", sha256, default: false };
  writeFileSync(join(models, "manifest.json"), JSON.stringify({ version: 1, models: [entry] }));
  copyFileSync(path("models/pixelmesh-sr-x2.onnx"), join(mirror, "mine.onnx"));
  const flags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, path("services/upscale/src/main.ts"), "--pull-models=mine", `--from=${mirror}`],
    { encoding: "utf8", env: { ...process.env, PIXELMESH_MODELS_DIR: models } },
  );
  return { status, output: stdout + stderr, isThere: existsSync(join(models, "mine.onnx")) };
}

test("--pull-models pulls a file with the sha256 of its entry, and exits with 0", () => {
  const { status, output, isThere } = pull(bundledEntry?.sha256 ?? "");
  expect({ status, isThere }).toEqual({ status: 0, isThere: true });
  expect(output).toContain('"msg":"model is here"');
});

test("a file with another sha256, or of an entry without one, is not kept, and the exit code is not 0", () => {
  const other = pull("0".repeat(64));
  expect(other).toMatchObject({ status: 1, isThere: false });
  expect(other.output).toMatch(/has sha256 \w{64}, expected 0{64}/);
  expect(pull(null)).toMatchObject({ status: 1, isThere: false });
});
