import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundledModelsDir, parseManifest } from "@pixelmesh/inference";
import {
  createDir,
  digestOf,
  modelBytes,
  otherBytes,
  serveFile,
  startModelServer,
  startProxy,
  upscalerEntry,
} from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { chooseTargetDir } from "../src/directories.ts";
import { toSources } from "../src/sources/source.ts";
import { verifyModels } from "../src/verify.ts";

describe("a source", () => {
  test("may be a file, a directory, or a mirror with the file under its name", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    using far = createDir();
    writeFileSync(join(far.dir, "m.onnx"), modelBytes);
    for (const from of [join(far.dir, "m.onnx"), far.dir, server.url("/mirror/")]) {
      using models = createDir(upscalerEntry("m"));
      await models.pull("m", from);
      expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    }
    expect(server.seen.map(({ path }) => path)).toEqual(["/mirror/m.onnx"]);
  });

  test("that is not ONNX is refused before a download", async () => {
    using models = createDir(
      upscalerEntry("m", { sourceUrl: "https://example.invalid/m.pth" }),
      upscalerEntry("page", { sourceUrl: "https://example.invalid/project" }),
      upscalerEntry("none"),
    );
    const checkpoint = join(models.dir, "m.pth");
    writeFileSync(checkpoint, "x");
    const failures = [
      ["m", undefined, "MODEL_UNAVAILABLE", "as a .pth file, which needs conversion to ONNX"],
      ["page", undefined, "MODEL_UNAVAILABLE", "on a page"],
      ["none", undefined, "MODEL_UNAVAILABLE", "no public download"],
      ["m", checkpoint, "MODEL_INVALID", "needs conversion"],
      ["m", "https://example.invalid/m.pth", "MODEL_INVALID", "needs conversion"],
      ["m", "ftp://example.invalid/m.onnx", "INVALID_ARGUMENT", "--from"],
      ["m", join(models.dir, "gone.onnx"), "INVALID_ARGUMENT", "a file that exists"],
      ["unheard", undefined, "UNKNOWN_MODEL", "known are: m, page, none"],
    ] as const;
    for (const [name, from, reason, text] of failures) {
      await expect(models.pull(name, from)).rejects.toMatchObject({ reason, message: expect.stringContaining(text) });
    }
  });

  test("of every known model is an ONNX file, or the reason is given", () => {
    const path = join(bundledModelsDir, "manifest.json");
    const entries = parseManifest(readFileSync(path, "utf8"), path);
    const downloads = entries.filter((entry) => {
      try {
        return toSources(entry, {})[0].kind === "url";
      } catch {
        return false;
      }
    });
    const names = downloads.map(({ name }) => name);
    expect(names).toEqual(["u2netp", "u2net", "silueta", "isnet-general-use", "BiRefNet-lite"]);
  });
});

describe("a proxy", () => {
  test("of the environment is used, except for hosts of NO_PROXY", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    await using proxy = await startProxy();
    const environments = [
      [{ HTTP_PROXY: proxy.url }, true],
      [{ http_proxy: proxy.url }, true],
      [{ HTTP_PROXY: proxy.url, NO_PROXY: "localhost,127.0.0.1" }, false],
      [{ HTTPS_PROXY: proxy.url }, false],
    ] as const;
    for (const [env, used] of environments) {
      using models = createDir(upscalerEntry("m"));
      proxy.seen.length = 0;
      await models.pull("m", server.url("/m.onnx"), { env });
      expect(models.has("m.onnx")).toBe(true);
      expect(proxy.seen).toHaveLength(used ? 1 : 0);
    }
  });

  test("for encrypted addresses is used as a tunnel and sees only the host", async () => {
    await using proxy = await startProxy();
    await using server = await startModelServer(serveFile(modelBytes));
    using models = createDir(upscalerEntry("m"));
    // There is no TLS behind the tunnel: the test checks the request for it.
    const attempt = models.pull("m", `https://127.0.0.1:${server.port}/secret.onnx`, {
      env: { HTTPS_PROXY: proxy.url },
    });
    await expect(attempt).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
    expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT 127.0.0.1:${server.port}`]));
  });

  test("that is not an address is refused without showing it", async () => {
    using models = createDir(upscalerEntry("m"));
    const attempt = models.pull("m", "http://127.0.0.1:9/m.onnx", { env: { HTTP_PROXY: "user:secret@" } });
    await expect(attempt).rejects.toMatchObject({
      reason: "INVALID_ARGUMENT",
      message: expect.not.stringContaining("secret"),
    });
  });
});

describe("verify", () => {
  test("distinguishes good, unpinned, missing and changed files", async () => {
    using models = createDir(
      upscalerEntry("good"),
      upscalerEntry("changed"),
      upscalerEntry("missing"),
      upscalerEntry("unpinned", { sha256: null, sizeBytes: null }),
    );
    for (const name of ["good", "unpinned"]) writeFileSync(join(models.dir, `${name}.onnx`), modelBytes);
    writeFileSync(join(models.dir, "changed.onnx"), otherBytes);
    const signal = AbortSignal.timeout(10_000);
    const verdicts = await verifyModels({ dirs: [models.dir], names: [], signal });
    expect(verdicts.map(({ name, state }) => [name, state])).toEqual([
      ["good", "ok"],
      ["changed", "refused"],
      ["missing", "missing"],
      ["unpinned", "unpinned"],
    ]);
    expect(verdicts[1]?.why).toContain(digestOf(otherBytes));
    const one = await verifyModels({ dirs: [models.dir], names: ["good"], signal });
    expect(one).toMatchObject([{ name: "good", sha256: digestOf(modelBytes) }]);
    const unknown = verifyModels({ dirs: [models.dir], names: ["x"], signal });
    await expect(unknown).rejects.toMatchObject({ reason: "UNKNOWN_MODEL" });
  });
});

describe("the target directory", () => {
  test("is the named one, else the first writable one of the environment, else the bundled one", async () => {
    using models = createDir();
    const named = join(models.dir, "new", "place");
    expect(await chooseTargetDir({}, named)).toBe(named);
    expect(existsSync(named)).toBe(true);
    const second = join(models.dir, "second");
    mkdirSync(second);
    expect(await chooseTargetDir({ PIXELMESH_MODELS_DIR: `${join(models.dir, "gone")}:${second}` })).toBe(second);
    expect(await chooseTargetDir({})).toBe(bundledModelsDir);
  });
});
