import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createModelsDir, identity, noise, smallUpscaler, startTestHost } from "./tiny-models.ts";

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const isGone = async (pid: number, withinMs: number) => {
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(20)) if (!isAlive(pid)) return true;
  return false;
};
const slowModel = (models: ReturnType<typeof createModelsDir>) => models.write("slow", smallUpscaler(48), { scale: 2 });
const slowTile = noise(360, 300);

describe("a host that dies", () => {
  test("fails the runs it had, and the next use starts a fresh one", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = slowModel(models);
    await started.host.load(model);
    const { pid } = await started.host.describe();
    const runs = [1, 2].map(() => started.host.runTile(model, slowTile));
    const failures = runs.map((run) => expect(run).rejects.toMatchObject({ reason: "INFERENCE_FAILED" }));
    await sleep(50);
    process.kill(pid!, "SIGKILL");
    await Promise.all(failures);
    expect(await started.host.describe()).toMatchObject({ pid: null, usedBytes: 0, busy: false, models: [] });
    expect((await started.host.runTile(model, noise(8, 8))).widthPx).toBe(16);
    expect((await started.host.describe()).pid).not.toBe(pid);
    expect(started.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  test("again and again is started with growing waits", async () => {
    await using started = await startTestHost({ limits: { maxBackOffMs: 400 } });
    using models = createModelsDir();
    const model = models.write("one", identity);
    const waits: number[] = [];
    for (let death = 0; death < 4; death++) {
      const { pid } = await started.host.describe();
      process.kill(pid!, "SIGKILL");
      await isGone(pid!, 2_000);
      await sleep(20);
      const began = performance.now();
      await started.host.load(model);
      waits.push(performance.now() - began);
    }
    for (const [death, leastMs] of [100, 200, 400, 400].entries()) expect(waits[death]!).toBeGreaterThan(leastMs - 5);
  });

  test("is killed where it hangs", async () => {
    await using started = await startTestHost({ limits: { runTimeoutMs: 300 } });
    using models = createModelsDir();
    const model = models.write("one", identity);
    await started.host.load(model);
    const { pid } = await started.host.describe();
    process.kill(pid!, "SIGSTOP");
    await expect(started.host.runTile(model, noise(8, 8))).rejects.toMatchObject({ reason: "INFERENCE_FAILED" });
    expect(await isGone(pid!, 10_000)).toBe(true);
    await started.host.runTile(model, noise(8, 8));
  });
});

describe("a host that lives", () => {
  test("leaves the service's event loop free while a tile runs", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = slowModel(models);
    await started.host.load(model);
    // Other processes share the cores: the best of three says what the host itself costs.
    let lagMs = Number.POSITIVE_INFINITY;
    let runMs = 0;
    for (let attempt = 0; attempt < 3 && lagMs >= 50; attempt++) {
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      runMs = 0;
      // As many tiles as it takes for a blocked loop to show, however fast the machine is.
      while (runMs < 150) runMs += (await started.host.runTile(model, slowTile)).runMs;
      delay.disable();
      lagMs = delay.max / 1e6;
    }
    expect(lagMs).toBeLessThan(50);
  });

  test("drops a cancelled run that has not begun, and answers for one that has only when it has let go", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = slowModel(models);
    // Long enough for the cancel to arrive within it, also on a machine with other work.
    const tile = noise(1_080, 800);
    await started.host.runTile(model, tile);
    const { pid } = await started.host.describe();
    const beforeMs = cpuMs(pid!);
    await started.host.runTile(model, tile);
    const oneRunMs = cpuMs(pid!) - beforeMs;
    const stop = new AbortController();
    const beganMs = cpuMs(pid!);
    const running = started.host.runTile(model, tile, { signal: stop.signal });
    const waiting = started.host.runTile(model, noise(1_440, 1_200), { signal: stop.signal });
    await sleep(10);
    const kept = started.host.runTile(model, noise(8, 8));
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    const all = [running.catch(note("running")), waiting.catch(note("waiting")), kept.then(note("kept"))];
    while (cpuMs(pid!) === beganMs) await sleep(2);
    stop.abort();
    await Promise.all(all);
    // In the host's own processor time, which others on the machine do not lengthen: one run was done, the waiting one not.
    const spentMs = cpuMs(pid!) - beganMs;
    expect(order.at(-1)).toBe("kept");
    expect(spentMs).toBeGreaterThan(oneRunMs / 2);
    expect(spentMs).toBeLessThan(oneRunMs * 2.5);
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await expect(started.host.runTile(model, tile, { signal: stop.signal })).rejects.toThrow("aborted");
  });

  test("is replaced after its number of runs, without failing one", async () => {
    await using started = await startTestHost({ limits: { recycleAfterRuns: 3 } });
    using models = createModelsDir();
    const model = models.write("one", identity);
    const tile = noise(8, 8);
    const pids = new Set<number | null>();
    for (let run = 0; run < 8; run++) {
      await started.host.runTile(model, tile);
      pids.add((await started.host.describe()).pid);
    }
    await Promise.all(Array.from({ length: 8 }, () => started.host.runTile(model, tile)));
    expect([...pids].filter((pid) => pid !== null).length).toBeGreaterThanOrEqual(3);
    expect(started.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("refuses more waiting runs than its bound", async () => {
    await using started = await startTestHost({ limits: { maxPending: 2 } });
    using models = createModelsDir();
    const model = slowModel(models);
    await started.host.load(model);
    const runs = [1, 2].map(() => started.host.runTile(model, slowTile));
    await sleep(20);
    await expect(started.host.runTile(model, slowTile)).rejects.toMatchObject({
      reason: "QUEUE_FULL",
      retryAfterMs: 1_000,
    });
    await Promise.all(runs);
  });

  test("finishes its run when it is closed, and takes no more", async () => {
    const started = await startTestHost();
    using models = createModelsDir();
    const model = slowModel(models);
    await started.host.load(model);
    const { pid } = await started.host.describe();
    const run = started.host.runTile(model, slowTile);
    await sleep(20);
    const closed = started.host.close();
    expect((await run).widthPx).toBe(720);
    await closed;
    expect(isAlive(pid!)).toBe(false);
    await expect(started.host.runTile(model, slowTile)).rejects.toMatchObject({ reason: "STOPPING" });
    await started.host.close();
  });

  test("ends with the service, also when that is killed", async () => {
    const service = spawn(
      process.execPath,
      ["--conditions=development", fileURLToPath(new URL("./fixtures/service.ts", import.meta.url))],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = await once(service.stdout, "data");
    const pid = Number(String(line));
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, "SIGINT");
    await sleep(100);
    expect(isAlive(pid)).toBe(true);
    service.kill("SIGKILL");
    expect(await isGone(pid, 10_000)).toBe(true);
  });
});

/** Processor time of a process so far, in ms: utime and stime of /proc/<pid>/stat, in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
