import { readdirSync } from "node:fs";
import { createDir, modelBytes, serveFile, startModelServer, upscalerEntry } from "@pixelmesh/testing/models";
import { expect, test } from "vitest";
import { listRecommended, pullAhead } from "../src/pull-ahead.ts";

/** Pulls ahead into one directory; `lines` is what the user gets to read. */
function createAhead(models: ReturnType<typeof createDir>) {
  const lines: string[] = [];
  const pull = (names: readonly string[], limitMs = 20_000, signal = new AbortController().signal) =>
    pullAhead({
      ...{ names, dirs: [models.dir], targetDir: models.dir, env: {}, limitMs, signal },
      say: (line) => lines.push(line),
    });
  return { lines, pull };
}

test("recommended are the preferred models that are not here and can be pulled", async () => {
  await using server = await startModelServer(serveFile(modelBytes));
  const sourceUrl = server.url("/m.onnx");
  using models = createDir(
    upscalerEntry("far", { default: true, sourceUrl }),
    upscalerEntry("other", { sourceUrl }),
    upscalerEntry("local", { default: true, scale: 4 }),
    upscalerEntry("raw", { default: true, scale: 8, sourceUrl: "https://example.invalid/m.pth" }),
  );
  expect(await listRecommended([models.dir], {})).toEqual(["far"]);
  const { lines, pull } = createAhead(models);
  expect(await pull(["far"])).toMatchObject([{ name: "far", pulled: true }]);
  expect(lines).toEqual([]);
  expect(await listRecommended([models.dir], {})).toEqual([]);
});

test("a server that is gone or has no such file is asked once, and costs one line", async () => {
  const gone = await startModelServer(() => {});
  const sourceUrl = gone.url("/gone.onnx");
  await gone[Symbol.asyncDispose]();
  await using empty = await startModelServer((_, response) => void response.writeHead(404).end());
  await using broken = await startModelServer((_, response) => void response.writeHead(500).end());
  await using server = await startModelServer(serveFile(modelBytes));
  using models = createDir(
    upscalerEntry("gone", { sourceUrl }),
    upscalerEntry("missing", { sourceUrl: empty.url("/missing.onnx") }),
    upscalerEntry("broken", { sourceUrl: broken.url("/broken.onnx") }),
    upscalerEntry("good", { sourceUrl: server.url("/good.onnx") }),
  );
  const { lines, pull } = createAhead(models);
  expect(await pull(["gone", "missing", "broken", "good"])).toMatchObject([{ name: "good" }]);
  expect(lines).toEqual([
    expect.stringMatching(/^starting without gone: .*ECONNREFUSED/),
    expect.stringMatching(/^starting without missing: .*answered 404/),
    expect.stringMatching(/^starting without broken: .*answered 500/),
  ]);
  expect(broken.seen).toHaveLength(1);
});

test("a server that is too slow ends with the limit, and the next pull goes on with what came", async () => {
  let isSlow = true;
  await using server = await startModelServer((request, response, next) => {
    if (!isSlow) return serveFile(modelBytes)(request, response, next);
    response.writeHead(200, { "content-length": modelBytes.length, etag: '"one"' });
    response.write(modelBytes.subarray(0, 500_000));
  });
  using models = createDir(upscalerEntry("slow", { sourceUrl: server.url("/slow.onnx") }));
  const { lines, pull } = createAhead(models);
  expect(await pull(["slow"], 2_000)).toEqual([]);
  expect(lines).toEqual(["starting without slow: it did not come within 2 s"]);
  isSlow = false;
  await pull(["slow"]);
  expect(server.seen.at(-1)?.range).toMatch(/^bytes=\d+-$/);
  expect(readdirSync(models.dir).sort()).toEqual(["manifest.json", "slow.onnx"]);
});

test("an unknown name and a stop are failures", async () => {
  await using server = await startModelServer(() => {});
  using models = createDir(upscalerEntry("silent", { sourceUrl: server.url("/silent.onnx") }));
  const { lines, pull } = createAhead(models);
  await expect(pull(["silence"])).rejects.toMatchObject({ reason: "UNKNOWN_MODEL" });
  const stop = new AbortController();
  const pulling = pull(["silent"], 20_000, stop.signal);
  setTimeout(() => stop.abort(), 100);
  await expect(pulling).rejects.toMatchObject({ name: "AbortError" });
  expect(lines).toEqual([]);
});
