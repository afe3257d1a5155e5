import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchState } from "@pixelmesh/client";
import { Priority } from "@pixelmesh/proto";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { startCli, writePicture } from "./start-cli.ts";
import { useMesh } from "./use-mesh.ts";

const own = useMesh("batches");
const { root } = own;
const patient = { timeout: 120_000 };

const start = (args: readonly string[], onErr?: (text: string) => void) =>
  startCli(["batches", ...args, "--address", own.mesh.address], onErr);
const batches = (...args: string[]) => start(args).done;

let seed = 0;
/** A folder with this many pictures `0.png`, `1.png`…, which no other test has. */
async function createFolder(pictures: number): Promise<string> {
  const folder = mkdtempSync(join(root, "pictures-"));
  for (let at = 0; at < pictures; at += 1) {
    seed += 1;
    await writePicture(join(folder, `${at}.png`), 40 + seed, 30, seed);
  }
  return folder;
}
const invert = ["--effect", "invert", "--format", "png"];

/** Creates a batch without following it. Returns its id. */
async function createDetached(folder: string, ...flags: string[]): Promise<string> {
  const { exitCode, out, err } = await batches("create", folder, ...invert, "--detach", ...flags);
  expect([exitCode, err.includes("failed")]).toEqual([0, false]);
  expect(out).toMatch(/^b1a-[-0-9a-f]+\n$/);
  return out.trim();
}

/** Stops the only worker of effects until the test ends, so that jobs stay RUNNING. */
async function stopEffects(): Promise<() => void> {
  await own.client.effects();
  const pid = own.mesh.processes().find(({ name }) => name === "effects")?.pid as number;
  process.kill(pid, "SIGSTOP");
  const resume = () => void process.kill(pid, "SIGCONT");
  onTestFinished(resume);
  return resume;
}

const rawOf = (path: string) => sharp(readFileSync(path)).raw().toBuffer();
const linesOf = (text: string) => text.split("\n").slice(0, -1);
type EndLine = { index: number; name: string; state: string; error: { reason: string } | null; cursor: string };
const endsOf = (out: string) => linesOf(out).map((line) => JSON.parse(line) as EndLine);

test(
  "create sends the pictures of a folder, follows the batch, and writes outputs as run names them",
  patient,
  async () => {
    const folder = await createFolder(3);
    mkdirSync(join(folder, "sub"));
    await writePicture(join(folder, "sub", "1.png"), 20, 10, 991);
    writeFileSync(join(folder, "text.jpg"), "no picture");
    const missing = join(folder, "missing.png");
    const outDir = join(root, "outputs");
    const { exitCode, out, err } = await batches(
      ...["create", folder, missing, "--recursive", ...invert, "--out-dir", outDir, "--label", "holiday"],
    );
    const [id = "", ...outputs] = linesOf(out);
    expect(id).toMatch(/^b1a-/);
    expect(readdirSync(outDir).sort()).toEqual(["0.result.png", "1-2.result.png", "1.result.png", "2.result.png"]);
    expect(outputs.map((line) => line.split("  ")[0]).sort()).toEqual(
      readdirSync(outDir)
        .map((name) => join(outDir, name))
        .sort(),
    );
    // In a folder, files and folders are searched in the order of their names.
    for (const [picture, output] of [
      ["0.png", "0"],
      ["1.png", "1"],
      ["sub/1.png", "1-2"],
    ] as const) {
      const inverted = (await rawOf(join(folder, picture))).map((value) => 255 - value);
      expect(await rawOf(join(outDir, `${output}.result.png`))).toEqual(inverted);
    }
    expect(exitCode).toBe(1);
    expect(err).toMatch(/missing\.png: INVALID_ARGUMENT: .*ENOENT/);
    expect(err).toMatch(/text\.jpg: IMAGE_TYPE_UNSUPPORTED: /);
    expect(err).toContain(`${id}  ended  4 of 5 jobs succeeded, 1 failed, after `);
    expect(err).toContain("failed: 1 IMAGE_TYPE_UNSUPPORTED");
    expect(await own.client.batches.get(id)).toMatchObject({
      priority: Priority.BATCH,
      labels: ["holiday"],
      jobsTotal: 5,
    });

    const shown = await batches("show", id, "--failed");
    expect(shown.exitCode).toBe(0);
    expect(shown.out).toMatch(
      /labels: holiday\nfailed: 1 IMAGE_TYPE_UNSUPPORTED\nINDEX .*\n4 +\S+text\.jpg +failed +1 +IMAGE_/,
    );
    const all = JSON.parse((await batches("show", id, "--jobs", "--json")).out);
    expect(all).toMatchObject({ id, state: "ENDED", jobsSucceeded: 4, failures: { IMAGE_TYPE_UNSUPPORTED: 1 } });
    expect(all.jobs.map(({ name, state }: EndLine) => [name, state])).toEqual([
      ...["0.png", "1.png", "2.png", "sub/1.png"].map((name) => [join(folder, name), "SUCCEEDED"]),
      [join(folder, "text.jpg"), "FAILED"],
    ]);
    const listed = await batches("list");
    expect(listed.out).toMatch(new RegExp(`\n${id}  ended .* 5/5 +1 +holiday\n`));
    expect(linesOf((await batches("list", "--ids", "--limit", "1")).out)).toEqual([id]);
  },
);

test("a repetition with its request id returns the same batch, with one document for --json", patient, async () => {
  const folder = await createFolder(2);
  const flags = ["create", folder, ...invert, "--request-id", "once", "--name", "left", "--name", "right", "--json"];
  const outDir = join(root, "repeated");
  const first = JSON.parse((await batches(...flags, "--detach")).out);
  expect(first).toMatchObject({ requestId: "once", jobsTotal: 2, leftOut: [] });
  const again = await batches(...flags, "--out-dir", outDir);
  const document = JSON.parse(again.out);
  expect([again.exitCode, document.id, document.state, document.failures]).toEqual([0, first.id, "ENDED", {}]);
  expect(document.outputs.map(({ path }: { path: string }) => path).sort()).toEqual(
    ["left.result.png", "right.result.png"].map((name) => join(outDir, name)),
  );
  expect((await Array.fromAsync(own.client.batches.jobs(first.id))).map(({ name }) => name)).toEqual(["left", "right"]);
  const other = await batches("create", join(folder, "0.png"), ...invert, "--request-id", "once", "--detach");
  expect([other.exitCode, other.out]).toEqual([1, ""]);
  expect(other.err).toContain("pixelmesh: REQUEST_ID_REUSED: ");
});

test("watch prints each end once, and a cursor goes on after an earlier watch", patient, async () => {
  const folder = await createFolder(5);
  writeFileSync(join(folder, "9.jpg"), "no picture");
  const id = (await batches("create", folder, ...invert, "--detach")).out.trim();
  const whole = await batches("watch", id, "--json");
  const ends = endsOf(whole.out);
  expect(whole.exitCode).toBe(1);
  expect(ends.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(ends.find(({ index }) => index === 5)).toMatchObject({
    name: join(folder, "9.jpg"),
    state: "FAILED",
    error: { reason: "IMAGE_TYPE_UNSUPPORTED" },
  });
  expect(ends.at(-1)?.cursor).toBe("6");
  const rest = endsOf((await batches("watch", id, "--json", "--cursor", "2")).out);
  expect(rest.map(({ index }) => index)).toEqual(ends.slice(2).map(({ index }) => index));
  const text = await batches("watch", id);
  expect(text.out).toMatch(
    new RegExp(`^${id}  ended  5 of 6 jobs succeeded, 1 failed, after .*\nfailed: 1 IMAGE_TYPE`),
  );
  const wrong = await batches("watch", id, "--cursor", "77");
  expect(wrong).toMatchObject({ exitCode: 1, out: "" });
  expect(wrong.err).toContain("INVALID_ARGUMENT: Expected `--cursor` to be empty, or the cursor of an earlier message");
});

test(
  "download writes the outputs under the names of create, and leaves out those that are there",
  patient,
  async () => {
    const folder = await createFolder(3);
    mkdirSync(join(folder, "sub"));
    await writePicture(join(folder, "sub", "0.png"), 21, 11, 992);
    const outDir = join(root, "fetched");
    const id = await createDetached(folder, "--recursive");
    await own.client.batches.wait(id);
    const first = await batches("download", id, "--out-dir", outDir);
    expect([first.exitCode, linesOf(first.out).length]).toEqual([0, 4]);
    const names = ["0-2.result.png", "0.result.png", "1.result.png", "2.result.png"];
    expect(readdirSync(outDir).sort()).toEqual(names);
    expect((await sharp(readFileSync(join(outDir, "0-2.result.png"))).metadata()).width).toBe(21);
    const whole = readFileSync(join(outDir, "1.result.png"));
    rmSync(join(outDir, "0.result.png"));
    // As long as the output, with other bytes.
    writeFileSync(join(outDir, "1.result.png"), Buffer.alloc(whole.length));
    const kept = statSync(join(outDir, "2.result.png")).ino;
    const again = await batches("download", id, "--out-dir", outDir, "--skip-existing", "--json");
    const paths = (JSON.parse(again.out) as { path: string }[]).map(({ path }) => path).sort();
    expect(paths).toEqual(["0.result.png", "1.result.png"].map((name) => join(outDir, name)));
    expect(again.err).toContain("2 outputs fetched, 2 were there already");
    expect(readFileSync(join(outDir, "1.result.png"))).toEqual(whole);
    expect(statSync(join(outDir, "2.result.png")).ino).toBe(kept);

    // A place that is taken by a folder fails alone.
    const taken = join(root, "taken");
    mkdirSync(join(taken, "1.result.png"), { recursive: true });
    const partly = await batches("download", id, "--out-dir", taken, "--quiet");
    expect([partly.exitCode, partly.out]).toEqual([1, ""]);
    expect(linesOf(partly.err)).toEqual([expect.stringMatching(/1\.png: INVALID_ARGUMENT: .*it is a directory/)]);
    expect(readdirSync(taken).sort()).toEqual(names);

    const one = join(root, "one.png");
    const single = await batches("create", join(folder, "2.png"), ...invert, "-o", one);
    expect(single).toMatchObject({ exitCode: 0, out: expect.stringContaining(`${one}  `) });
    expect(readFileSync(one)).toEqual(readFileSync(join(outDir, "2.result.png")));
  },
);

test("an interrupted watch tells how to go on; cancel ends the batch and retry runs it again", patient, async () => {
  const resume = await stopEffects();
  const folder = await createFolder(3);
  const id = await createDetached(folder);
  const hint = `batch ${id} goes on; \`pixelmesh batches watch ${id} --cursor 0\` follows it from here`;
  const seen = Promise.withResolvers<void>();
  const watch = start(["watch", id], (text) => text.includes("0/3") && seen.resolve());
  await seen.promise;
  const partial = await batches("download", id, "--out-dir", join(root, "partial"));
  expect(partial.exitCode).toBe(1);
  expect(partial.err).toContain(`3 jobs have not ended; \`pixelmesh batches watch ${id}\` follows them`);
  watch.stop.abort(new Error("Ctrl-C"));
  const stopped = await watch.done;
  expect(stopped.exitCode).toBe(130);
  expect(stopped.err).toContain(hint);
  expect((await own.client.batches.get(id)).state).toBe(BatchState.RUNNING);

  const refused = await batches("retry", id);
  expect(refused).toMatchObject({ exitCode: 1, out: "" });
  expect(refused.err).toContain("Expected a batch that has ended, got one that runs");
  expect(await batches("cancel", id)).toMatchObject({ exitCode: 0, out: expect.stringContaining(id) });
  const cancelled = await batches("watch", id);
  expect(cancelled).toMatchObject({ exitCode: 1, out: expect.stringContaining(`${id}  cancelled  0 of 3 jobs`) });
  resume();
  const retried = await batches("retry", id, "--json");
  expect([retried.exitCode, JSON.parse(retried.out).state]).toEqual([0, "RUNNING"]);
  expect(await batches("watch", id, "--quiet")).toEqual({ exitCode: 0, out: "", err: "" });
});

test.each([["show"], ["watch"], ["cancel"], ["retry"], ["download"]])(
  "batches %s of an unknown id says how to list batches",
  async (command) => {
    const outDir = command === "download" ? ["--out-dir", join(root, "none")] : [];
    expect(await batches(command, "b1a-unknown", ...outDir)).toEqual({
      exitCode: 1,
      out: "",
      err: "pixelmesh: BATCH_NOT_FOUND: There is no batch with this id. `pixelmesh batches list` shows those of the tenant\n",
    });
  },
);

test("a wrong pipeline is refused by its flags before any picture is sent", patient, async () => {
  const folder = await createFolder(1);
  const range = await batches("create", folder, "--effect", "dither:levels=999");
  expect([range.exitCode, range.out]).toEqual([1, ""]);
  expect(range.err).toContain("INVALID_ARGUMENT: Expected `--effect dither:levels` to be");
  const unknown = await batches("create", folder, "--effect", "dithr");
  expect(unknown.err).toContain("UNKNOWN_EFFECT");
  expect(unknown.err).toContain("Did you mean `dither`?");
  const picture = join(folder, "0.png");
  const second = await batches("create", folder, "--effect", `watermark:picture=@${picture}`);
  expect(second.exitCode).toBe(2);
  expect(second.err).toContain(`whose jobs take one picture, got \`@${picture}\``);
  for (const { err } of [range, unknown, second]) expect(err).not.toContain("sending");
  const none = await batches("create", join(folder, "gone.png"), ...invert);
  expect([none.exitCode, none.out]).toEqual([1, ""]);
  expect(none.err).toContain("Expected pictures that can be read, got none among 1");
});
