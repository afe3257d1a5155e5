import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createModelsDir, identity, noise, smallUpscaler, startTestHost } from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";

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
  test("has its runs retried on a fresh process", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = slowModel(models);
    await started.host.load(model);
    const { pid } = await started.host.describe();
    const runs = [1, 2].map(() => started.host.runTile(model, slowTile));
    await sleep(50);
    process.kill(pid!, "SIGKILL");
    const plain = await started.host.runTile(model, slowTile);
    for (const { data } of await Promise.all(runs)) expect(Buffer.compare(data, plain.data)).toBe(0);
    expect((await started.host.describe()).pid).not.toBe(pid);
    expect(started.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  test("repeatedly is restarted with exponential backoff", async () => {
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

  test("is killed if it hangs, and its run is retried", async () => {
    await using started = await startTestHost({ limits: { runTimeoutMs: 2_000 } });
    using models = createModelsDir();
    const model = models.write("one", identity);
    await started.host.load(model);
    const { pid } = await started.host.describe();
    process.kill(pid!, "SIGSTOP");
    const run = started.host.runTile(model, noise(8, 8));
    expect(await isGone(pid!, 20_000)).toBe(true);
    expect((await run).widthPx).toBe(8);
    expect(started.ends()).toEqual(["hung"]);
  });

  test("is killed if it hangs while idle", async () => {
    await using started = await startTestHost({ limits: { heartbeatMs: 500 } });
    const { pid } = await started.host.describe();
    await sleep(1_200);
    expect(isAlive(pid!)).toBe(true);
    process.kill(pid!, "SIGSTOP");
    expect(await isGone(pid!, 20_000)).toBe(true);
    expect(started.ends()).toEqual(["hung"]);
  });
});

describe("a running host", () => {
  test("leaves the service's event loop free while a tile runs", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = slowModel(models);
    await started.host.load(model);
    // A blocked loop would not tick before the tile is done. The number of ticks of a free loop depends on the machine.
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const large = await started.host.runTile(model, noise(720, 600));
    clearInterval(timer);
    expect(large.runMs).toBeGreaterThan(20);
    expect(ticks).toBeGreaterThanOrEqual(5);
  });

  test("drops a cancelled run that has not begun, and rejects a running one only after its work has stopped", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = slowModel(models);
    // Long enough for the cancellation to arrive during the run, also on a busy machine.
    const tile = noise(1_080, 800);
    // More work on fewer pixels: the cancellation is sent after them, and must not wait behind megabytes.
    const heavyModel = models.write("heavy", smallUpscaler(320), { scale: 2 });
    const heavyTile = noise(320, 240);
    await started.host.runTile(model, tile);
    await started.host.runTile(heavyModel, noise(8, 8));
    const { pid } = await started.host.describe();
    const measure = async (run: () => Promise<unknown>) => {
      const beforeMs = cpuMs(pid!);
      await run();
      return cpuMs(pid!) - beforeMs;
    };
    const oneRunMs = await measure(() => started.host.runTile(model, tile));
    const heavyRunMs = await measure(() => started.host.runTile(heavyModel, heavyTile));
    const stop = new AbortController();
    const beganMs = cpuMs(pid!);
    const running = started.host.runTile(model, tile, { signal: stop.signal });
    const waiting = started.host.runTile(heavyModel, heavyTile, { signal: stop.signal });
    await sleep(10);
    const kept = started.host.runTile(model, noise(8, 8));
    const order: string[] = [];
    const record = (name: string) => () => void order.push(name);
    const all = [running.catch(record("running")), waiting.catch(record("waiting")), kept.then(record("kept"))];
    // Reading the pixels takes less. From here on the run has begun.
    while (cpuMs(pid!) - beganMs < oneRunMs / 4) await sleep(2);
    stop.abort();
    await Promise.all(all);
    // Processor time of the host does not depend on other load: one run was done, the waiting one was not.
    const spentMs = cpuMs(pid!) - beganMs;
    expect(order.at(-1)).toBe("kept");
    expect(spentMs).toBeGreaterThan(oneRunMs / 2);
    expect(heavyRunMs).toBeGreaterThan(oneRunMs / 2);
    expect(spentMs).toBeLessThan(oneRunMs + heavyRunMs / 2);
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await expect(started.host.runTile(model, tile, { signal: stop.signal })).rejects.toThrow("aborted");
  });

  test("is recycled after its number of runs once the next process is ready, without failing or delaying a run", async () => {
    await using started = await startTestHost({ limits: { recycleAfterRuns: 3 } });
    using models = createModelsDir();
    const model = models.write("one", identity);
    const other = models.write("other", identity);
    await started.host.load(other, { pin: true });
    const pids = new Set<number | null>();
    while (pids.size < 4) {
      await Promise.all([1, 2].map(() => started.host.runTile(model, noise(8, 8))));
      const described = await started.host.describe();
      pids.add(described.pid);
      // The next process takes no runs before it has loaded the models of the last one.
      expect(described.models.map(({ name, pinned }) => [name, pinned])).toContainEqual(["other", true]);
    }
    expect(pids).not.toContain(null);
    expect(started.ends().every((reason) => reason === "recycled")).toBe(true);
    expect(started.events.filter(({ type }) => type === "retried")).toEqual([]);
    expect(started.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("ends its process before the next one starts if memory does not allow two", async () => {
    const asked: number[] = [];
    const hasFreeMemory = (bytes: number) => asked.push(bytes) < 0;
    await using started = await startTestHost({ limits: { recycleAfterRuns: 3 }, hasFreeMemory });
    using models = createModelsDir();
    const model = models.write("one", identity);
    while (asked.length < 2) await started.host.runTile(model, noise(8, 8));
    const order = started.events.flatMap(({ type }) => (type === "started" || type === "ended" ? [type] : []));
    expect(order).toEqual(order.map((_, at) => (at % 2 === 0 ? "started" : "ended")));
    expect(asked.every((bytes) => bytes > 10 * 2 ** 20)).toBe(true);
  });

  test("is recycled above its memory limit", async () => {
    const limits = { recycleAboveBytes: 1, recycleMinAgeMs: 0 };
    await using started = await startTestHost({ limits });
    using models = createModelsDir();
    const model = models.write("one", identity);
    await started.host.runTile(model, noise(8, 8));
    await expect.poll(() => started.ends(), { timeout: 20_000 }).toEqual(["recycled"]);
    expect((await started.host.describe()).models).toHaveLength(1);
  });

  test("refuses runs above its limit of waiting ones", async () => {
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

  test("completes its run when it is closed, and accepts no more", async () => {
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

  test("ends with the service, also if the service is killed", async () => {
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

/** Returns the processor time of a process in ms: utime and stime of /proc/<pid>/stat, in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
