import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { connectPixelmesh } from "@pixelmesh/client";
import sharp from "sharp";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { runProcess, type SpawnOptions, spawnCli } from "./spawn-cli.ts";
import { useMesh } from "./use-mesh.ts";

const own = useMesh("process");
const { root } = own;
const picture = join(root, "a.png");

beforeAll(async () => {
  const gradient = Buffer.from(Array.from({ length: 90 * 60 * 3 }, (_, at) => (at * 7) % 256));
  await sharp(gradient, { raw: { width: 90, height: 60, channels: 3 } })
    .png()
    .toFile(picture);
});

/** Runs a command against the mesh that all tests share, by PIXELMESH_ADDRESS. */
const run = (args: readonly string[], { env = {}, ...options }: SpawnOptions = {}) =>
  runProcess(args, { env: { PIXELMESH_ADDRESS: own.mesh.address, ...env }, ...options });

function createFolder(): string {
  const folder = mkdtempSync(join(root, "test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const work = ["--effect", "dither:levels=2", "--format", "png"];

/** The output of the command of `work`, written to a plain file. */
async function expectedBytes(): Promise<Buffer> {
  const path = join(createFolder(), "plain.png");
  expect(await run(["run", picture, ...work, "-o", path])).toMatchObject({ exitCode: 0 });
  return readFileSync(path);
}

test("standard output, descriptors and pipes get exactly the bytes of the picture", async () => {
  const folder = createFolder();
  const wanted = await expectedBytes();
  const link = join(folder, "link.png");
  symlinkSync("/dev/stdout", link);
  for (const place of ["-", "/dev/stdout", "/dev/fd/1", link]) {
    const { exitCode, out, err } = await run(["run", picture, ...work, "-o", place]);
    expect([place, exitCode, out.equals(wanted)]).toEqual([place, 0, true]);
    expect(err).toContain("done in");
  }
  // Redirected into a longer file: the output goes to the descriptor of the shell, at its position.
  const redirected = join(folder, "redirected");
  writeFileSync(redirected, "head");
  const appended = openSync(redirected, "a");
  const toFile = await run(["run", picture, ...work, "-o", "-"], { stdio: ["ignore", appended, "pipe"] });
  closeSync(appended);
  expect(toFile.exitCode).toBe(0);
  expect(readFileSync(redirected).equals(Buffer.concat([Buffer.from("head"), wanted]))).toBe(true);

  const third = openSync(join(folder, "third"), "w");
  const toThird = await run(["run", picture, ...work, "-o", "/dev/fd/3"], { stdio: ["ignore", "pipe", "pipe", third] });
  closeSync(third);
  expect(toThird.exitCode).toBe(0);
  expect(readFileSync(join(folder, "third")).equals(wanted)).toBe(true);

  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = spawn("cat", [fifo]);
  const read: Buffer[] = [];
  reader.stdout.on("data", (chunk) => read.push(chunk));
  const ended = once(reader, "close");
  expect(await run(["run", picture, ...work, "-o", fifo])).toMatchObject({ exitCode: 0 });
  await ended;
  expect(Buffer.concat(read).equals(wanted)).toBe(true);
});

test.each([3, 9, 14, 19, 99])("descriptor %i, which the caller has not opened, is refused", async (fd) => {
  const { exitCode, err } = await run(["run", picture, ...work, "-o", `/dev/fd/${fd}`]);
  expect([exitCode, err]).toEqual([2, expect.stringContaining("an open descriptor that can be written to")]);
});

test("standard input and pipes are read as pictures", async () => {
  const folder = createFolder();
  const wanted = await expectedBytes();
  const input = readFileSync(picture);
  const piped = await run(["run", "-", ...work, "-o", "-"], { input });
  expect([piped.exitCode, piped.out.equals(wanted), piped.err]).toEqual([
    0,
    true,
    expect.stringMatching(/^standard input: done/m),
  ]);
  const named = await run(["run", "/dev/stdin", ...work, "--out-dir", folder], { input });
  expect(named.exitCode).toBe(0);
  expect(readFileSync(join(folder, "stdin.result.png")).equals(wanted)).toBe(true);
  const report = join(folder, "report.csv");
  const flags = ["--max-side", "60", "--encode-quality", "80", "--format", "webp", "--variant", "bw=black_and_white"];
  const many = await run(["run", "-", ...flags, "--out-dir", folder, "--skip-existing", "--json"], { input });
  expect(many.exitCode).toBe(0);
  expect(JSON.parse(many.out.toString()).jobs[0].outputs).toHaveLength(2);
  const quiet = await run(["run", "-", ...flags.slice(0, 6), "-o", "-", "--quiet", "--report", report], { input });
  expect([quiet.exitCode, quiet.err]).toEqual([0, ""]);
  expect(await sharp(quiet.out).metadata()).toMatchObject({ format: "webp", width: 60, height: 40 });
  expect(quiet.out.equals(readFileSync(join(folder, "stdin.result.webp")))).toBe(true);
  expect(readFileSync(report, "utf8")).toMatch(/\r\n-,SUCCEEDED,-,/);
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  spawn("sh", ["-c", 'cat "$0" > "$1"', picture, fifo], { stdio: "ignore" });
  const fromFifo = await run(["run", fifo, ...work, "-o", "-"]);
  expect([fromFifo.exitCode, fromFifo.out.equals(wanted)]).toEqual([0, true]);
  const empty = await run(["run", "-", ...work, "-o", "-"]);
  expect(empty).toMatchObject({ exitCode: 1, err: expect.stringContaining("standard input: IMAGE_EMPTY") });
});

test("a link at the output's path is followed, and mode and hard links of the previous file are kept", async () => {
  const folder = createFolder();
  const wanted = await expectedBytes();
  const [real, link, twin] = [join(folder, "real.png"), join(folder, "link.png"), join(folder, "twin.png")];
  writeFileSync(real, "before");
  chmodSync(real, 0o640);
  symlinkSync("real.png", link);
  expect((await run(["run", picture, ...work, "-o", link])).exitCode).toBe(0);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect([readFileSync(real).equals(wanted), statSync(real).mode & 0o7777]).toEqual([true, 0o640]);

  writeFileSync(real, "before");
  linkSync(real, twin);
  expect((await run(["run", picture, ...work, "-o", twin])).exitCode).toBe(0);
  expect([readFileSync(real).equals(wanted), statSync(real).nlink]).toEqual([true, 2]);

  const dangling = join(folder, "dangling.png");
  symlinkSync("target.png", dangling);
  expect((await run(["run", picture, ...work, "-o", dangling])).exitCode).toBe(0);
  expect(readFileSync(join(folder, "target.png")).equals(wanted)).toBe(true);
  const circle = join(folder, "circle.png");
  symlinkSync("circle.png", circle);
  expect(await run(["run", picture, ...work, "-o", circle])).toMatchObject({ exitCode: 2 });
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("names of 80 CJK characters work, and a name that is too long fails only its own picture", async () => {
  const folder = createFolder();
  const cjk = `${"写真集影".repeat(20)}.png`;
  const long = `${"x".repeat(247)}.png`;
  expect([Buffer.byteLength(cjk), Buffer.byteLength(long)]).toEqual([244, 251]);
  for (const name of [cjk, long]) copyFileSync(picture, join(folder, name));
  const beyond = `${"写".repeat(90)}.png`;
  const outDir = join(folder, "out");
  const args = ["run", cjk, long, beyond, picture, ...work, "--out-dir", outDir, "--json"];
  const { exitCode, out, err } = await run(args, { cwd: folder });
  expect(exitCode).toBe(1);
  const { jobs } = JSON.parse(out.toString());
  expect(jobs.map(({ state }: { state: string }) => state)).toEqual(["SUCCEEDED", "FAILED", "FAILED", "SUCCEEDED"]);
  expect(jobs[1].id).toBe(null);
  expect(err).toContain("too long");
  expect(readdirSync(outDir).sort()).toEqual(["a.result.png", `${"写真集影".repeat(20)}.result.png`]);
});

test("names and texts of the mesh cannot send control sequences to a terminal", async () => {
  const folder = createFolder();
  const evil = join(folder, "\u001b[31m\u009b2J\u202egpj\n.png");
  writeFileSync(evil, "no picture");
  const good = join(folder, "\u001b]0;x\u0007.png");
  copyFileSync(picture, good);
  const { exitCode, out, err } = await run(["run", evil, good, ...work, "--out-dir", join(folder, "out")]);
  expect(exitCode).toBe(1);
  const unsafe = /[^\P{C}\n]/u;
  expect(err).not.toMatch(unsafe);
  expect(out.toString()).not.toMatch(unsafe);
  expect(err).toContain("\\u001b[31m\\u009b2J\\u202egpj\\u000a.png: IMAGE_TYPE_UNSUPPORTED");
  expect(out.toString()).toContain("\\u001b]0;x\\u0007.result.png  90x60 png");
  const effect = await run(["run", picture, "--effect", "dither:method=\u001b[2J\u202e"]);
  expect(effect.exitCode).toBe(1);
  expect(effect.err).toContain("Expected `--effect dither:method` to be one of");
  expect(effect.err).not.toMatch(unsafe);
  expect((await run(["jobs", "get", "\u001b[2J"])).err).not.toMatch(unsafe);
});

test("errors name the typed flag and suggest the nearest one", async () => {
  const failed = async (...args: string[]) => (await run(["run", picture, ...args, "--out-dir", root])).err;
  expect(await failed("--effect", "dither:levels=99")).toContain(
    "INVALID_ARGUMENT: Expected `--effect dither:levels` to be an integer from 2 to 16, got `99`",
  );
  expect(await failed("--effect", "pop_art", "--effect", "dither:levles=3")).toMatch(
    /Expected `--effect dither` to be .*got `levles`\. Did you mean `levels`\?/,
  );
  expect(await failed("--variant", "old=pop_art+dither:levels=0")).toContain(
    "Expected `--variant old=dither:levels` to",
  );
  expect(await failed("--effect", "diter")).toMatch(/UNKNOWN_EFFECT: .*`diter`.*Did you mean `dither`\?/);
});

test("an unknown parameter of any name is refused, from the command line and from a client", async () => {
  const client = connectPixelmesh({ address: own.mesh.address });
  onTestFinished(() => client.close());
  for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    const parameters = JSON.parse(`{${JSON.stringify(name)}: {"kind": {"$case": "number", "value": 1}}}`);
    const value = { effects: [{ name: "dither", parameters }] };
    const pipeline = { steps: [{ id: "a", operation: { $case: "applyEffects" as const, value } }] };
    const creating = client.jobs.create({ pipeline, pictures: [{ bytes: readFileSync(picture) }] });
    await expect(creating).rejects.toMatchObject({
      reason: "INVALID_ARGUMENT",
      message: expect.stringContaining(`got \`${name}\``),
    });
    const { exitCode, err } = await run(["run", picture, "--effect", `dither:${name}=1`, "--out-dir", root]);
    expect([name, exitCode === 0, err.includes(name)]).toEqual([name, false, true]);
  }
});

test("a reader that ends also ends the command, which leaves no file or process", async () => {
  for (const closed of ["stdout", "stderr"] as const) {
    const folder = createFolder();
    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    const outDir = join(folder, "out");
    const args = ["run", picture, "--max-side", "50", "--out-dir", outDir];
    const child = spawnCli(closed === "stdout" ? [...args.slice(0, 4), "-o", "-", ...args.slice(6)] : args, {
      // No address: a private mesh starts, unless the machine has a mesh at the default address.
      env: { TMPDIR: temporary, PIXELMESH_ADDRESS: "" },
    });
    child.stdin?.end();
    for (const stream of [child.stdout, child.stderr]) stream?.resume();
    child[closed]?.destroy();
    const [exitCode] = await once(child, "close");
    expect([closed, exitCode]).toEqual([closed, 1]);
    expect(readdirSync(temporary)).toEqual([]);
  }
});

test("a quiet command prints only failures, and outputs have the requested encoding", async () => {
  const folder = createFolder();
  const sizes: number[] = [];
  for (const quality of ["5", "95"]) {
    const path = join(folder, `${quality}.jpg`);
    const args = ["run", picture, "--max-side", "80", "--encode-quality", quality, "-o", path, "-q"];
    expect(await run(args)).toMatchObject({ exitCode: 0, err: "", out: Buffer.alloc(0) });
    sizes.push(statSync(path).size);
  }
  expect(sizes[0]).toBeLessThan((sizes[1] as number) / 2);
  const webp = join(folder, "x.webp");
  expect(await run(["run", picture, "--lossless", "-o", webp])).toMatchObject({ exitCode: 0 });
  const pixels = (path: string) => sharp(path).removeAlpha().raw().toBuffer();
  expect((await pixels(webp)).equals(await pixels(picture))).toBe(true);
  const failing = await run(["run", join(folder, "none.png"), "--max-side", "80", "--quiet"]);
  expect(failing).toMatchObject({ exitCode: 1, out: Buffer.alloc(0) });
  expect(failing.err).toMatch(/^.*none\.png: INVALID_ARGUMENT: .*\n$/);
});

test("outputs of a job are downloaded later, by its tenant", async () => {
  const folder = createFolder();
  const args = ["run", picture, ...work, "--variant", "bw=black_and_white", "--out-dir", folder, "--json"];
  const { out } = await run([...args, "--tenant", "painters"]);
  const { id, outputs } = JSON.parse(out.toString()).jobs[0];
  const tenant = { env: { PIXELMESH_TENANT: "painters" } };
  const outDir = join(folder, "later");
  expect(await run(["jobs", "download", id, "--out-dir", outDir], tenant)).toMatchObject({ exitCode: 0 });
  expect(readdirSync(outDir).sort()).toEqual([`${id}.bw.png`, `${id}.result.png`]);
  const one = await run(["jobs", "download", id, "bw", "-o", "-"], tenant);
  expect(one.out.equals(readFileSync(outputs[1].path))).toBe(true);
  const two = await run(["jobs", "download", id, "-o", join(folder, "x.png")], tenant);
  expect(two).toMatchObject({ exitCode: 2, err: expect.stringContaining("result, bw") });
  const unknown = await run(["jobs", "download", id, "resul"], tenant);
  expect(unknown).toMatchObject({ exitCode: 1, err: expect.stringContaining("Did you mean `result`?") });
  const other = await run(["jobs", "download", id], { cwd: folder });
  expect(other).toMatchObject({ exitCode: 1, err: expect.stringContaining("JOB_NOT_FOUND") });
});

test("a job that is unfinished at its deadline fails", async () => {
  const folder = createFolder();
  const large = join(folder, "large.png");
  await sharp({ create: { width: 4_000, height: 3_000, channels: 3, background: "teal" } })
    .png()
    .toFile(large);
  const slow = Array.from({ length: 14 }, () => ["--effect", "dither:method=jarvis,mode=color"]).flat();
  const { exitCode, err } = await run(["run", large, ...slow, "--deadline", "1s", "--no-cache", "--out-dir", folder]);
  expect(exitCode).toBe(1);
  expect(err).toContain("large.png: DEADLINE_EXCEEDED");
});
