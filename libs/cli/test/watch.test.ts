import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { spawnCli } from "./spawn-cli.ts";
import { startCli, writePicture } from "./start-cli.ts";
import { useMesh } from "./use-mesh.ts";

const own = useMesh("watch");
const { root } = own;

const patient = { timeout: 60_000 };
const work = ["--effect", "dither:levels=2,method=bayer4", "--format", "png"];

function createFolders() {
  const base = mkdtempSync(join(root, "test-"));
  const [inbox, outDir] = [join(base, "in"), join(base, "out")];
  mkdirSync(inbox);
  return {
    base,
    inbox,
    outDir,
    metadata: (name: string) => sharp(readFileSync(join(outDir, name))).metadata(),
    outputs: () =>
      readdirSync(outDir)
        .filter((name) => !name.startsWith("."))
        .sort(),
  };
}

/** Watches in this process until `stop`, which resolves with the exit code and the texts. */
function startWatch(args: readonly string[], address = own.mesh.address) {
  const texts = { err: "" };
  const cli = startCli(["watch", ...args, ...work, "--address", address], (text) => {
    texts.err += text;
  });
  onTestFinished(() => cli.stop.abort());
  return {
    err: () => texts.err,
    count: (text: string) => texts.err.split(text).length - 1,
    done: cli.done,
    stop() {
      cli.stop.abort();
      return cli.done;
    },
  };
}

/** The colours of a picture, which a dithering with two levels leaves black and white in each channel. */
async function levelsOf(path: string): Promise<Set<number>> {
  return new Set(await sharp(readFileSync(path)).removeAlpha().raw().toBuffer());
}

test("pictures that are there, appear, are renamed into the folder or change are processed once each, also after a restart", async () => {
  const { base, inbox, outDir, outputs, metadata } = createFolders();
  mkdirSync(join(inbox, "sub"));
  await writePicture(join(inbox, "first.png"), 40, 30, 1);
  await writePicture(join(inbox, "sub", "first.png"), 44, 30, 2);
  writeFileSync(join(inbox, "broken.png"), "no picture");
  await writePicture(join(inbox, ".hidden.png"));
  const report = join(base, "report.csv");
  const args = [inbox, "--out-dir", outDir, "--recursive", "--report", report];
  const watch = startWatch(args);
  await expect.poll(() => watch.count("done in"), patient).toBe(2);
  await expect.poll(() => watch.count("broken.png: IMAGE_TYPE_UNSUPPORTED"), patient).toBe(1);
  await writePicture(join(inbox, "second.png.part"), 48, 30, 3);
  renameSync(join(inbox, "second.png.part"), join(inbox, "second.png"));
  await expect.poll(() => watch.count("second.png: done in"), patient).toBe(1);
  const before = readFileSync(join(outDir, "first.result.png"));
  await writePicture(join(inbox, "first.png"), 60, 50, 4);
  await expect.poll(() => watch.count("in/first.png: done in"), patient).toBe(2);
  // A new time alone is no new picture.
  copyFileSync(join(inbox, "second.png"), join(base, "same.png"));
  renameSync(join(base, "same.png"), join(inbox, "second.png"));
  await writePicture(join(inbox, "last.png"), 52, 30, 5);
  await expect.poll(() => watch.count("last.png: done in"), patient).toBe(1);
  const ended = await watch.stop();
  expect(ended.exitCode).toBe(1);
  expect(ended.err).toMatch(/5 done, (1 skipped, )?1 failed of [67] pictures\n$/);
  expect([watch.count("done in"), watch.count("IMAGE_TYPE_UNSUPPORTED")]).toEqual([5, 1]);
  expect(outputs()).toEqual(["first-2.result.png", "first.result.png", "last.result.png", "second.result.png"]);
  expect(readFileSync(join(outDir, "first.result.png")).equals(before)).toBe(false);
  expect(await metadata("first.result.png")).toMatchObject({ width: 60, height: 50 });
  expect(await metadata("first-2.result.png")).toMatchObject({ width: 44, height: 30 });
  expect(await levelsOf(join(outDir, "last.result.png"))).toEqual(new Set([0, 255]));
  expect(ended.out.trimEnd().split("\n")).toHaveLength(5);

  const writtenMs = outputs().map((name) => statSync(join(outDir, name)).mtimeMs);
  const again = await startWatch([...args, "--once"]).done;
  expect(again.exitCode).toBe(1);
  expect(again.err).toMatch(/0 done, 4 skipped, 1 failed of 5 pictures\n$/);
  expect(outputs().map((name) => statSync(join(outDir, name)).mtimeMs)).toEqual(writtenMs);
  const rows = readFileSync(report, "utf8").trimEnd().split("\r\n");
  expect(rows[0]).toMatch(/^picture,state/);
  expect(
    rows
      .slice(1)
      .map((row) => row.split(",")[1])
      .sort(),
  ).toEqual([...Array.from({ length: 2 }, () => "FAILED"), ...Array.from({ length: 5 }, () => "SUCCEEDED")]);
  // Other settings are other work.
  const other = await startWatch([...args, "--once", "--max-side", "20"]).done;
  expect(other.err).toMatch(/4 done, 1 failed of 5 pictures\n$/);
});

test("results within the watched folder are left alone, and results cannot go into the folder itself", async () => {
  const { inbox } = createFolders();
  await writePicture(join(inbox, "a.png"), 40, 30, 6);
  const outDir = join(inbox, "done");
  for (const count of ["1 done of 1", "0 done, 1 skipped of 1"]) {
    const { exitCode, err } = await startWatch([inbox, "--recursive", "--out-dir", outDir, "--once"]).done;
    expect([exitCode, err]).toEqual([0, expect.stringContaining(`${count} pictures`)]);
  }
  const refused = await startWatch([inbox, "--out-dir", join(inbox, ".")]).done;
  expect([refused.exitCode, refused.err]).toEqual([2, expect.stringContaining("another folder than the watched one")]);
  const missing = await startWatch([join(inbox, "none"), "--out-dir", outDir]).done;
  expect([missing.exitCode, missing.err]).toEqual([2, expect.stringContaining("Expected `dir` to be a folder")]);
});

/** Passes connections on to the mesh. `close` cuts all, `open` listens at the same port again. */
async function createForwarder() {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const [host, meshPort] = own.mesh.address.split(":");
  async function open(): Promise<void> {
    server = createServer((from) => {
      const to = connect(Number(meshPort), host as string);
      for (const socket of [from, to]) {
        sockets.add(socket);
        socket.on("error", () => {}).on("close", () => sockets.delete(socket));
      }
      from.pipe(to).pipe(from);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as { port: number }).port;
  }
  async function close(): Promise<void> {
    const closed = server && once(server, "close");
    server?.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  await open();
  onTestFinished(close);
  return { address: `127.0.0.1:${port}`, open, close };
}

test("a mesh, a place for results and room for the report that are missing for a while are told once, and no picture is lost", async () => {
  const { base, inbox, outDir, outputs } = createFolders();
  const forwarder = await createForwarder();
  const report = join(base, "report.csv");
  if (process.platform === "linux") symlinkSync("/dev/full", report);
  const watch = startWatch([inbox, "--out-dir", outDir, "--report", report], forwarder.address);
  await writePicture(join(inbox, "a.png"), 40, 30, 7);
  if (process.platform === "linux") {
    await expect.poll(watch.err, patient).toContain("the report cannot be written now; waiting (ENOSPC");
    rmSync(report);
  }
  await expect.poll(() => watch.count("a.png: done in"), patient).toBe(1);

  await forwarder.close();
  for (const [index, name] of ["b.png", "c.png", "d.png"].entries())
    await writePicture(join(inbox, name), 40, 30, 8 + index);
  await expect.poll(watch.err, patient).toContain("the mesh does not take work now; waiting (SERVICE_UNAVAILABLE");
  await forwarder.open();
  for (const name of ["b.png", "c.png", "d.png"])
    await expect.poll(() => watch.count(`${name}: done in`), patient).toBe(1);
  expect([watch.count("does not take work"), watch.count("the mesh takes work again")]).toEqual([1, 1]);

  renameSync(outDir, join(base, "away"));
  await writePicture(join(inbox, "e.png"), 40, 30, 12);
  await expect.poll(watch.err, patient).toContain("results cannot be written now; waiting (ENOENT");
  renameSync(join(base, "away"), outDir);
  await expect.poll(() => watch.count("e.png: done in"), patient).toBe(1);
  const { exitCode, err } = await watch.stop();
  expect([exitCode, err]).toEqual([
    0,
    expect.stringMatching(/results are written again\n(.*\n)*5 done of 5 pictures\n$/),
  ]);
  expect(outputs()).toHaveLength(5);
  expect(readFileSync(report, "utf8").trimEnd().split("\r\n")).toHaveLength(6);
});

/** Work for seconds on a picture of some megapixels. */
const slowEffects = Array.from({ length: 8 }, () => ["--effect", "dither:method=jarvis,mode=color"]).flat();

test("Ctrl-C ends after the pictures in work, a second one at once, and nothing is lost or half written", async () => {
  const { inbox, outDir, outputs, metadata } = createFolders();
  for (const [index, name] of ["a.png", "b.png", "c.png"].entries())
    await writePicture(join(inbox, name), 2_000, 1_500, index);
  const args = [
    "watch",
    inbox,
    "--out-dir",
    outDir,
    "--jobs",
    "1",
    ...slowEffects,
    "--format",
    "png",
    "--address",
    own.mesh.address,
  ];
  const start = () => {
    const child = spawnCli(args);
    const text = { err: "" };
    child.stderr?.on("data", (chunk) => {
      text.err += chunk;
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    return { child, err: () => text.err, exited: once(child, "close") };
  };
  const first = start();
  await expect.poll(first.err, patient).toMatch(/a\.png: \d+ %/);
  first.child.kill("SIGINT");
  expect(await first.exited).toEqual([0, null]);
  const done = Number(/(\d) done of \d pictures\n$/.exec(first.err())?.[1]);
  expect(outputs()).toHaveLength(done);
  expect([done >= 1, done < 3]).toEqual([true, true]);

  // Sorted first, and long in work.
  await writePicture(join(inbox, "A.png"), 5_000, 4_000, 9);
  const second = start();
  await expect.poll(second.err, patient).toMatch(/A\.png: \d+ %/);
  second.child.kill("SIGINT");
  await expect.poll(second.err, patient).toContain("a second Ctrl-C stops at once");
  second.child.kill("SIGINT");
  expect(await second.exited).toEqual([130, null]);
  rmSync(join(inbox, "A.png"));

  const last = await startCli([...args, "--once"]).done;
  expect(last.exitCode).toBe(0);
  expect(outputs()).toEqual(["a.result.png", "b.result.png", "c.result.png"]);
  for (const name of outputs()) expect(await metadata(name)).toMatchObject({ width: 2_000, height: 1_500 });
  expect(existsSync(join(outDir, ".pixelmesh-finished.jsonl"))).toBe(true);
});
