import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { createModelsDir, identity, noise, selfDivided, smallUpscaler, startTestHost } from "@pixelmesh/testing/models";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { probeModel } from "../src/host/probe.ts";
import { noCpuFallback } from "../src/host/providers.ts";
import { parseHostFault } from "../src/index.ts";

const startFaulty = (...faults: string[]) => startTestHost({ faults: faults.map(parseHostFault) });

describe("an output that cannot be right", () => {
  test.each(["nan", "flat", "range", "stale"])(
    "(%s) is never used: the tile is run again on a fresh process",
    async (kind) => {
      await using started = await startFaulty(`${kind}:run=2:generations=1`);
      using models = createModelsDir();
      const model = models.write("small", smallUpscaler(), { scale: 2 });
      const [first, second] = [noise(40, 30), noise(30, 40)];
      const expected = await (async () => {
        await using plain = await startTestHost();
        return [await plain.host.runTile(model, first), await plain.host.runTile(model, second)];
      })();
      const { pid } = await started.host.describe();
      const got = [await started.host.runTile(model, first), await started.host.runTile(model, second)];
      for (const [at, { data }] of got.entries()) expect(Buffer.compare(data, expected[at]!.data)).toBe(0);
      expect((await started.host.describe()).pid).not.toBe(pid);
      expect(started.events).toContainEqual({ type: "retried", reason: "RESULT_INVALID" });
      await expect.poll(() => started.ends(), { timeout: 20_000 }).toEqual(["poisoned"]);
    },
  );

  test.each(["nan", "stale"])("(%s) in every run fails with RESULT_INVALID after exactly two runs", async (kind) => {
    await using started = await startFaulty(kind);
    using models = createModelsDir();
    const model = models.write("small", smallUpscaler(), { scale: 2 });
    await expect(started.host.runTile(model, noise(40, 30))).rejects.toMatchObject({ reason: "RESULT_INVALID" });
    const runs = started.events.filter(({ type }) => type === "ran");
    expect(runs).toMatchObject([{ outcome: "invalid" }, { outcome: "invalid" }]);
  });

  test("of the model itself is refused too", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("divided", selfDivided);
    const data = Uint8Array.from({ length: 48 }, (_, i) => i * 5);
    const run = started.host.runTile(model, { widthPx: 4, heightPx: 4, channels: 3, data });
    await expect(run).rejects.toMatchObject({ reason: "RESULT_INVALID" });
  });
});

describe("a process that fails during a run", () => {
  test.each(["error", "crash"])("(%s) has its run retried once", async (kind) => {
    using models = createModelsDir();
    const model = models.write("one", identity);
    await using once = await startFaulty(`${kind}:generations=1`);
    expect((await once.host.runTile(model, noise(8, 8))).widthPx).toBe(8);
    await using always = await startFaulty(kind);
    await expect(always.host.runTile(model, noise(8, 8))).rejects.toMatchObject({ reason: "INFERENCE_FAILED" });
    expect(always.events.filter(({ type }) => type === "ran")).toHaveLength(2);
  });

  test("never runs the requests that it received before it failed", async () => {
    await using started = await startFaulty("error:run=1:generations=1");
    using models = createModelsDir();
    const model = models.write("one", identity);
    await started.host.load(model);
    const { pid } = await started.host.describe();
    await Promise.all([1, 2, 3].map(() => started.host.runTile(model, noise(8, 8))));
    expect((await started.host.describe()).pid).not.toBe(pid);
    const outcomes = started.events.flatMap((event) => (event.type === "ran" ? [event.outcome] : []));
    expect(outcomes.filter((outcome) => outcome === "failed")).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(3);
  });

  test("that hangs is killed after its timeout", async () => {
    const faults = [parseHostFault("hang:generations=1")];
    await using started = await startTestHost({ faults, limits: { runTimeoutMs: 2_000 } });
    using models = createModelsDir();
    const model = models.write("one", identity);
    expect((await started.host.runTile(model, noise(8, 8))).widthPx).toBe(8);
    expect(started.ends()).toEqual(["hung"]);
  });
});

describe("a process without memory", () => {
  test("reports it and is replaced, and the run is not retried", async () => {
    await using started = await startFaulty("oom:above=32");
    using models = createModelsDir();
    const model = models.write("one", identity);
    await started.host.runTile(model, noise(32, 32));
    const { pid } = await started.host.describe();
    await expect(started.host.runTile(model, noise(33, 8))).rejects.toMatchObject({ reason: "OUT_OF_MEMORY" });
    expect(started.events.filter(({ type }) => type === "retried")).toEqual([]);
    await started.host.runTile(model, noise(32, 32));
    expect((await started.host.describe()).pid).not.toBe(pid);
    expect(started.ends()).toEqual(["out_of_memory"]);
  });

  test("refuses other runs of the same slot, and runs of other slots are retried on a fresh process", async () => {
    await using started = await startFaulty("oom:run=1:generations=1");
    using models = createModelsDir();
    const model = models.write("one", identity);
    const { host } = started;
    await host.load(model);
    for (const slotId of ["s1", "s2"]) host.renewGrant(slotId, 60_000);
    const runs = ["s1", "s1", "s2"].map((slotId) => host.runTile(model, noise(8, 8), { slotId }));
    const results = await Promise.allSettled(runs);
    const reasons = results.map((result) => (result.status === "rejected" ? result.reason.reason : "done"));
    expect(reasons).toEqual(["OUT_OF_MEMORY", "OUT_OF_MEMORY", "done"]);
  });

  test.skipIf(!hasPrlimit())("reports OUT_OF_MEMORY if the kernel refuses to allocate more", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("wide", smallUpscaler(64), { scale: 2 });
    await started.host.runTile(model, noise(64, 64));
    const { pid } = await started.host.describe();
    const sizeKib = Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    execFileSync("prlimit", ["--pid", String(pid), `--as=${sizeKib * 1024 + 128 * 2 ** 20}`]);
    // 64 features of a million pixels are 256 MiB, twice.
    const reason = await started.host.runTile(model, noise(1024, 1024)).catch((error) => error.reason);
    expect(reason).toBe("OUT_OF_MEMORY");
    expect((await started.host.runTile(model, noise(64, 64))).widthPx).toBe(128);
  });

  test.skipIf(!hasMemoryGroups())("that the kernel kills counts as out of memory, not as crashed", async () => {
    const dir = `/sys/fs/cgroup/memory/pixelmesh-test-${process.pid}`;
    mkdirSync(dir);
    try {
      await using started = await startTestHost();
      using models = createModelsDir();
      const model = models.write("wide", smallUpscaler(64), { scale: 2 });
      await started.host.runTile(model, noise(64, 64));
      const { pid } = await started.host.describe();
      writeFileSync(`${dir}/memory.limit_in_bytes`, String(192 * 2 ** 20));
      writeFileSync(`${dir}/cgroup.procs`, String(pid));
      const reason = await started.host.runTile(model, noise(1024, 1024)).catch((error) => error.reason);
      expect(reason).toBe("OUT_OF_MEMORY");
      expect(started.ends()).toEqual(["out_of_memory"]);
      expect((await started.host.runTile(model, noise(64, 64))).widthPx).toBe(128);
    } finally {
      rmdirSync(dir);
    }
  });
});

describe("a provider", () => {
  test("other than the CPU never runs operators on the CPU: the installed runtime honours the option", async () => {
    const options = { executionProviders: ["cpu"], logSeverityLevel: 4 } as const;
    await (await InferenceSession.create(probeModel, options)).release();
    const refused = InferenceSession.create(probeModel, { ...options, extra: noCpuFallback });
    await expect(refused).rejects.toThrow("fallback to CPU EP has been explicitly disabled");
  });

  test("WebGPU without a GPU fails with INFERENCE_FAILED for lack of an adapter, not for an unknown option", async () => {
    const started = await startTestHost({ providers: ["webgpu"] }).catch((error: unknown) => error);
    if (started !== null && typeof started === "object" && "host" in started) {
      console.warn("SKIPPED: WebGPU without a GPU, because this machine has one");
      await (started as Awaited<ReturnType<typeof startTestHost>>).host.close();
      return;
    }
    expect(started).toMatchObject({ reason: "INFERENCE_FAILED" });
    expect(String((started as Error).cause)).toMatch(/adapter|vulkan/i);
    expect(String((started as Error).cause)).not.toMatch(/unrecognized option/);
  });
});

function hasPrlimit(): boolean {
  try {
    execFileSync("prlimit", ["--version"]);
    return true;
  } catch {
    console.warn("SKIPPED: a process without memory, because prlimit is not here");
    return false;
  }
}

/** Whether this user may limit the memory of a process (cgroup v1, as root). */
function hasMemoryGroups(): boolean {
  try {
    accessSync("/sys/fs/cgroup/memory/memory.limit_in_bytes", constants.W_OK);
    return true;
  } catch {
    console.warn("SKIPPED: a process that the kernel kills, because memory groups cannot be made here");
    return false;
  }
}
