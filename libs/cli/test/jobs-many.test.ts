import { join } from "node:path";
import { PassThrough } from "node:stream";
import { JobState } from "@pixelmesh/client";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../src/program.ts";
import { writePicture } from "./start-cli.ts";
import { useMesh } from "./use-mesh.ts";

const own = useMesh("jobs-many");
const { root } = own;
const patient = { timeout: 60_000 };

/** Runs `pixelmesh jobs …`; with `typed`, on a terminal at which that was typed. */
async function jobs(args: readonly string[], typed?: string) {
  let [out, err] = ["", ""];
  const isTTY = typed !== undefined;
  const stdin = Object.assign(new PassThrough(), { isTTY });
  stdin.end(typed ?? "");
  const exitCode = await runCli(["jobs", ...args, "--address", own.mesh.address], {
    env: process.env,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text), isTTY },
    streams: { stdin, stdout: new PassThrough() },
    stopping: new AbortController().signal,
    forced: new AbortController().signal,
  });
  return { exitCode, out, err };
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

let contrast = 1;
async function create(label: string): Promise<string> {
  contrast += 1e-3;
  const pipeline = { steps: [effectStep("fx", "black_and_white", { contrast })] };
  return (await own.client.jobs.create({ pipeline, pictures: [{ bytes: robot }], labels: [label] })).id;
}
const stateOf = async (id: string) => (await own.client.jobs.get(id)).state;

test("run gives its jobs labels, by which jobs list finds them beside its other flags", patient, async () => {
  const picture = await writePicture(join(root, "a.png"));
  const flags = ["--label", "shop:spring", "--label", "web", "--out-dir", root, "--address", own.mesh.address];
  const io = { write: () => true };
  const { signal } = new AbortController();
  const process_ = { env: process.env, stdout: io, stderr: io, stopping: signal, forced: signal };
  expect(await runCli(["run", picture, "--effect", "invert", ...flags], process_)).toBe(0);
  const chosen = ["--label", "web", "--label", "shop:spring", "--state", "succeeded", "--operation", "apply-effects"];
  const found = await jobs(["list", ...chosen, "--since", "1h", "--json"]);
  expect(JSON.parse(found.out)).toMatchObject([{ state: "SUCCEEDED", labels: ["shop:spring", "web"] }]);
  expect(await jobs(["list", ...chosen, "--until", "1h", "--ids"])).toMatchObject({ exitCode: 0, out: "" });
  expect(await jobs(["list", "--label", "web", "--reason", "poison", "--ids"])).toMatchObject({ exitCode: 0, out: "" });
});

test("jobs cancel asks with the count, and a script says --yes", patient, async () => {
  await stopEffects();
  const [first, second, kept] = [await create("night"), await create("night"), await create("day")];
  const chosen = ["cancel", "--label", "night"];
  expect(await jobs([...chosen, "--dry-run"])).toEqual({ exitCode: 0, out: "2 jobs would be cancelled\n", err: "" });
  const script = await jobs(chosen);
  expect([script.exitCode, script.out]).toEqual([2, ""]);
  expect(script.err).toContain("Expected `--yes`, because this is no terminal to ask at: Cancel 2 jobs?");
  for (const typed of ["n\n", "\n", ""]) {
    const asked = await jobs(chosen, typed);
    expect(asked).toEqual({ exitCode: 1, out: "", err: "Cancel 2 jobs? [y/N] pixelmesh: nothing was done\n" });
  }
  expect([await stateOf(first), await stateOf(second)]).toEqual([JobState.RUNNING, JobState.RUNNING]);
  expect(await jobs(chosen, "y\n")).toMatchObject({ exitCode: 0, out: "2 of 2 jobs cancelled\n" });
  const json = await jobs([...chosen, "--yes", "--json"]);
  expect([json.exitCode, JSON.parse(json.out)]).toEqual([0, { matched: 0, cancelled: 0 }]);
  expect([await stateOf(first), await stateOf(second), await stateOf(kept)]).toEqual([
    JobState.CANCELLED,
    JobState.CANCELLED,
    JobState.RUNNING,
  ]);
  const named = await jobs(["cancel", kept, "j-unknown"]);
  expect([named.exitCode, named.out.includes(`${kept}  cancelled`)]).toEqual([1, true]);
  expect(named.err).toBe("pixelmesh: j-unknown: JOB_NOT_FOUND: There is no job with this id\n");
});

test("jobs retry prints the new jobs, and tells which jobs cannot be retried", patient, async () => {
  const resume = await stopEffects();
  const [first, second] = [await create("again"), await create("again")];
  expect((await jobs(["cancel", first, second])).exitCode).toBe(0);
  resume();
  const chosen = ["retry", "--label", "again"];
  const counted = await jobs([...chosen, "--dry-run", "--json"]);
  expect(JSON.parse(counted.out)).toEqual({ matched: 2, jobIds: [], withoutPictures: 0, stopped: null });
  expect((await jobs(chosen)).exitCode).toBe(2);
  const one = await jobs(["retry", first]);
  expect(one).toEqual({ exitCode: 0, out: expect.stringMatching(/^j2a-[-0-9a-f]+\n$/), err: "" });
  expect((await own.client.jobs.wait(one.out.trim())).state).toBe(JobState.SUCCEEDED);
  const other = JSON.parse((await jobs([...chosen, "--yes", "--json"])).out);
  expect(other).toMatchObject({ matched: 1, jobIds: [expect.any(String)] });
  expect(await jobs(["retry", first, second])).toEqual({
    exitCode: 1,
    out: "",
    err: "pixelmesh: 0 of 2 retried; 2 cannot be: they have not failed, were retried before, or belong to a batch\n",
  });
});
