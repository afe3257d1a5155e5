import { statSync, truncateSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createDir,
  digestOf,
  modelBytes,
  otherBytes,
  serveCut,
  serveFile,
  startModelServer,
  upscalerEntry,
} from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { describePart } from "../src/part.ts";

const limits = { connectMs: 2_000, responseMs: 2_000, stallMs: 300 };
const filesOf = async (dir: string) => (await readdir(dir)).sort();

describe("pull", () => {
  test("pulls and checks a model, and leaves no other file", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    using models = createDir(upscalerEntry("m", { sourceUrl: server.url("/m.onnx") }));
    const progress: number[] = [];
    const report = await models.pull("m", undefined, { onProgress: ({ doneBytes }) => progress.push(doneBytes) });
    expect(report).toMatchObject({ pulled: true, pinned: false, sha256: digestOf(modelBytes) });
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    expect(await filesOf(models.dir)).toEqual(["m.onnx", "manifest.json"].sort());
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(modelBytes.length);
    expect(await models.pull("m")).toMatchObject({ pulled: false, pinned: false });
    expect(server.seen).toHaveLength(1);
  });

  test("pins an unknown sha256 and the names of tensors, in the manifest of the target only", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    const unknown = { sha256: null, sizeBytes: null, sourceUrl: server.url("/m.onnx") };
    const open = { layout: "nchw", range: "unit", name: null };
    using shipped = createDir(upscalerEntry("m", { ...unknown, input: { ...open, channels: "rgb" }, output: open }));
    using mine = createDir(upscalerEntry("other"));
    const facts = { dirs: [shipped.dir, mine.dir] };
    expect(await mine.pull("m", undefined, facts)).toMatchObject({ pulled: true, pinned: true });
    expect(mine.entry("m")).toMatchObject({
      sha256: digestOf(modelBytes),
      sizeBytes: modelBytes.length,
      input: { name: "x" },
      output: { name: "y" },
    });
    expect(mine.entry("other")).toEqual(JSON.parse(JSON.stringify(upscalerEntry("other"))));
    expect(shipped.entry("m").sha256).toBe(null);
    writeFileSync(join(mine.dir, "m.onnx"), otherBytes);
    await expect(mine.pull("m", mine.dir, facts)).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
  });

  test("resumes after every broken connection while there is progress", async () => {
    const cut = serveCut(modelBytes, 200_000);
    await using server = await startModelServer(cut);
    using models = createDir(upscalerEntry("m"));
    await models.pull("m", server.url("/m.onnx"));
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    expect(server.seen.length).toBeGreaterThanOrEqual(Math.ceil(modelBytes.length / 200_000));
    const starts = server.seen.slice(1).map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range)?.[1]));
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(starts[0]).toBeGreaterThan(0);
    expect(new Set(server.seen.slice(1).map(({ ifRange }) => ifRange))).toEqual(new Set(['"one"']));
  });

  test("keeps the received bytes for the next command if it is stopped, and no file under the model's name", async () => {
    await using server = await startModelServer((request, response, next) => {
      if (next > 0) return serveFile(modelBytes)(request, response, next);
      response.writeHead(200, { "content-length": modelBytes.length, etag: '"one"' });
      response.write(modelBytes.subarray(0, 500_000));
    });
    using models = createDir(upscalerEntry("m"));
    const stop = new AbortController();
    const pulling = models.pull("m", server.url("/m.onnx"), {
      signal: stop.signal,
      onProgress: ({ doneBytes }) => doneBytes >= 400_000 && stop.abort(),
    });
    await expect(pulling).rejects.toMatchObject({ name: "AbortError" });
    expect(await filesOf(models.dir)).toEqual(["m.onnx.part", "m.onnx.part.json", "manifest.json"].sort());
    const keptBytes = statSync(join(models.dir, "m.onnx.part")).size;
    expect(keptBytes).toBeGreaterThanOrEqual(400_000);

    await models.pull("m", server.url("/m.onnx"));
    expect(server.seen[1]).toMatchObject({ range: `bytes=${keptBytes}-` });
    expect(await filesOf(models.dir)).toEqual(["m.onnx", "manifest.json"].sort());
  });

  test("starts over if the server has another file now, or supports no ranges", async () => {
    for (const etag of ['"two"', ""]) {
      await using server = await startModelServer((request, response, next) =>
        next === 0 ? serveCut(otherBytes, 300_000)(request, response, next) : whole(request, response, next),
      );
      const whole = etag === "" ? plain : serveFile(modelBytes, etag);
      using models = createDir(upscalerEntry("m"));
      await models.pull("m", server.url("/m.onnx"));
      expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
      expect(server.seen).toHaveLength(2);
    }
  });

  test("never joins bytes if neither the server nor the manifest identifies the file", async () => {
    await using server = await startModelServer((request, response, next) =>
      next === 0
        ? serveCut(otherBytes, 300_000, "")(request, response, next)
        : serveFile(modelBytes, "")(request, response, next),
    );
    using models = createDir(upscalerEntry("m", { sha256: null, sizeBytes: null }));
    expect((await models.pull("m", server.url("/m.onnx"))).sha256).toBe(digestOf(modelBytes));
    expect(server.seen.map(({ range }) => range)).toEqual(["", ""]);
  });

  test("removes a resumed file with a wrong digest, and downloads it again", async () => {
    await using server = await startModelServer(serveFile(modelBytes, ""));
    using models = createDir(upscalerEntry("m"));
    writeFileSync(join(models.dir, "m.onnx.part"), otherBytes);
    truncateSync(join(models.dir, "m.onnx.part"), otherBytes.length - 10);
    const url = server.url("/m.onnx");
    await describePart(join(models.dir, "m.onnx.part"), new URL(url), null);
    await models.pull("m", url);
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    expect(models.notes.join()).toContain("starting over");
  });

  test("accepts a part that is already complete", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    using models = createDir(upscalerEntry("m"));
    const url = server.url("/m.onnx");
    writeFileSync(join(models.dir, "m.onnx.part"), modelBytes);
    await describePart(join(models.dir, "m.onnx.part"), new URL(url), '"one"');
    await models.pull("m", url);
    expect(server.seen).toMatchObject([{ range: `bytes=${modelBytes.length}-` }]);
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
  });

  test("retries while a server stalls or fails temporarily", async () => {
    await using server = await startModelServer((request, response, next) => {
      if (next === 0) return void response.writeHead(503).end();
      if (next === 1) return void response.writeHead(500).end("no");
      if (next === 2)
        return void response
          .writeHead(200, { "content-length": modelBytes.length, etag: '"one"' })
          .write(modelBytes.subarray(0, 1));
      serveFile(modelBytes)(request, response, next);
    });
    using models = createDir(upscalerEntry("m", { sha256: null, sizeBytes: null }));
    const pulling = models.pull("m", server.url("/m.onnx"), { httpLimits: limits });
    expect((await pulling).sha256).toBe(digestOf(modelBytes));
    expect(models.notes.filter((note) => note.includes("trying again"))).toHaveLength(3);
    expect(models.notes.join()).toMatch(/answered 503.*answered 500.*[Tt]imeout/s);
  });

  test("waits for a slow server as long as bytes arrive", async () => {
    await using server = await startModelServer(async (_, response) => {
      response.writeHead(200, { "content-length": modelBytes.length });
      for (let at = 0; at < modelBytes.length; at += 200_000) {
        response.write(modelBytes.subarray(at, at + 200_000));
        await sleep(limits.stallMs / 3);
      }
      response.end();
    });
    using models = createDir(upscalerEntry("m"));
    await models.pull("m", server.url("/m.onnx"), { httpLimits: limits });
    expect(models.read("m.onnx").equals(modelBytes)).toBe(true);
    expect(server.seen).toHaveLength(1);
  });

  test("detects an early end also if the server announced no size", async () => {
    await using server = await startModelServer((request, response, next) => {
      if (next > 0) return serveFile(modelBytes)(request, response, next);
      response.writeHead(200, { etag: '"one"' }).end(modelBytes.subarray(0, 400_000));
    });
    using models = createDir(upscalerEntry("m"));
    await models.pull("m", server.url("/m.onnx"));
    expect(server.seen.map(({ range }) => range)).toEqual(["", "bytes=400000-"]);
  });

  test("fails with SERVICE_UNAVAILABLE if the server is gone, and says how to resume", async () => {
    const gone = await startModelServer(() => {});
    const url = gone.url("/m.onnx");
    await gone[Symbol.asyncDispose]();
    using models = createDir(upscalerEntry("m"));
    await expect(models.pull("m", url)).rejects.toMatchObject({
      reason: "SERVICE_UNAVAILABLE",
      message: expect.stringContaining("Repeat the command to go on"),
    });
    await using broken = await startModelServer((_, response) => void response.writeHead(500).end());
    await expect(models.pull("m", broken.url("/m.onnx"))).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
    expect(broken.seen).toHaveLength(5);
    expect(await filesOf(models.dir)).toEqual(["manifest.json"]);
  });

  test("does not retry a missing file", async () => {
    await using server = await startModelServer((_, response) => void response.writeHead(404).end());
    using models = createDir(upscalerEntry("m"));
    await expect(models.pull("m", server.url("/m.onnx"))).rejects.toMatchObject({ reason: "MODEL_UNAVAILABLE" });
    expect(server.seen).toHaveLength(1);
  });

  test("follows redirects, and resumes at the first address", async () => {
    let cuts = 0;
    await using server = await startModelServer((request, response, next) => {
      if (request.url === "/m.onnx") return void response.writeHead(302, { location: "/there?token=1" }).end();
      (cuts++ === 0 ? serveCut(modelBytes, 300_000) : serveFile(modelBytes))(request, response, next);
    });
    using models = createDir(upscalerEntry("m"));
    await models.pull("m", server.url("/m.onnx"));
    expect(server.seen.map(({ path }) => path)).toEqual(["/m.onnx", "/there?token=1", "/m.onnx", "/there?token=1"]);
    expect(server.seen[3]?.range).toMatch(/^bytes=\d+-$/);
  });

  test("refuses files that do not match the entry: other bytes, a web page, a checkpoint, too many bytes", async () => {
    const page = Buffer.from("<html><body>Log in to the hotel's network</body></html>");
    const pickle = Buffer.concat([Buffer.from("80027d", "hex"), Buffer.alloc(100)]);
    const cases = [
      [otherBytes, {}, "DIGEST_MISMATCH", "expected"],
      [page, { sha256: null, sizeBytes: null }, "MODEL_INVALID", "is a web page"],
      [pickle, { sha256: null, sizeBytes: null }, "MODEL_INVALID", "convert it first"],
      [modelBytes, { sizeBytes: 1_000 }, "MODEL_INVALID", "larger than the 1000 bytes"],
      [
        modelBytes,
        { sha256: null, input: { ...upscalerEntry("m").input, channels: "luminance" } },
        "MODEL_INVALID",
        "input shape",
      ],
    ] as const;
    for (const [bytes, facts, reason, text] of cases) {
      await using server = await startModelServer(serveFile(bytes));
      using models = createDir(upscalerEntry("m", facts));
      const attempt = models.pull("m", server.url("/m.onnx"));
      await expect(attempt).rejects.toMatchObject({ reason, message: expect.stringContaining(text) });
      expect(await filesOf(models.dir)).toEqual(["manifest.json"]);
    }
  });

  test("downloads a model once for concurrent pulls, and pins each of several models", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    const unknown = { sha256: null, sizeBytes: null };
    using models = createDir(...["a", "b", "c"].map((name) => upscalerEntry(name, unknown)));
    const reports = await Promise.all(
      ["a", "a", "a", "a", "b", "c"].map((name) => models.pull(name, server.url(`/${name}.onnx`))),
    );
    expect(server.seen.map(({ path }) => path).sort()).toEqual(["/a.onnx", "/b.onnx", "/c.onnx"]);
    expect(reports.filter(({ pulled }) => pulled)).toHaveLength(3);
    for (const name of ["a", "b", "c"]) expect(models.entry(name).sha256).toBe(digestOf(modelBytes));
    expect(await filesOf(models.dir)).toEqual(["a.onnx", "b.onnx", "c.onnx", "manifest.json"]);
  });

  test("keeps user name and password out of messages and files", async () => {
    const authorizations: (string | undefined)[] = [];
    await using server = await startModelServer((request, response) => {
      authorizations.push(request.headers.authorization);
      response.writeHead(403).end();
    });
    using models = createDir(upscalerEntry("m"));
    const attempt = models.pull("m", server.url("/m.onnx").replace("//", "//ann:secret@"));
    await expect(attempt).rejects.toMatchObject({ message: expect.stringMatching(/^http:\/\/127[^@]*answered 403/) });
    expect(authorizations).toEqual([`Basic ${Buffer.from("ann:secret").toString("base64")}`]);
  });

  test("takes over the lock of a process that has died", async () => {
    await using server = await startModelServer(serveFile(modelBytes));
    using models = createDir(upscalerEntry("m"));
    const { hostname } = await import("node:os");
    // Larger than the largest pid of every system.
    writeFileSync(join(models.dir, "m.onnx.lock"), JSON.stringify({ host: hostname(), pid: 2 ** 30 }));
    await models.pull("m", server.url("/m.onnx"));
    expect(models.has("m.onnx")).toBe(true);
  });
});

/** Serves a file without support for ranges. */
const plain: Parameters<typeof startModelServer>[0] = (_, response) =>
  void response.writeHead(200, { "content-length": modelBytes.length }).end(modelBytes);
