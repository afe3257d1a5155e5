import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createModelsDir, createTestLog, identity, noise } from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { createHostPool, type HostPool, type HostPoolOptions, startInferenceHost } from "../src/index.ts";
import { toModelKey } from "../src/supervisor/model-key.ts";

const threadsOf = (intraOp: number) => ({ intraOp, interOp: 1 });
const createTestPool = (facts: Partial<HostPoolOptions> = {}) => {
  const narrowHosts = { count: 2, threads: threadsOf(1) };
  const devices = [{ deviceId: "cpu-0", providers: ["cpu" as const], threads: threadsOf(3), narrowHosts }];
  const pool = createHostPool({ name: "up", devices, log: createTestLog(), closeGraceMs: 300, ...facts });
  return { pool, [Symbol.asyncDispose]: () => pool.close() };
};

describe("narrow hosts", () => {
  test("are hosts of their own with few threads, which give the same result as the host of all threads", async () => {
    await using created = createTestPool();
    using models = createModelsDir();
    const { pool } = created;
    const model = models.write("one", identity);
    const { ids, tokens } = pool.narrowHosts(model);
    expect([ids, tokens]).toEqual([["up/0/light/1", "up/0/light/2"], 1]);
    const leases = await Promise.all(
      [undefined, ...ids].map((narrowHostId) => pool.acquire(model, narrowHostId ? { narrowHostId } : {})),
    );
    expect(leases.map(({ host }) => host.id)).toEqual(["up/0/light", ...ids]);
    const tile = noise(16, 8);
    const results = await Promise.all(leases.map(({ host }) => host.runTile(model, tile)));
    for (const { data } of results) expect(Buffer.compare(data, results[0]!.data)).toBe(0);
    const counts = (await pool.describe()).map(({ pid }) => readdirSync(`/proc/${pid}/task`).length);
    // The runtime's threads beside the one that calls it.
    expect(counts[0]! - counts[1]!).toBe(2);
    expect(counts[1]).toBe(counts[2]);
    for (const { release } of leases) release();
    await expect(pool.acquire(model, { narrowHostId: "up/0/light/3" })).rejects.toThrow("Expected `narrow_host_id`");
  });

  test("run at the same time", async () => {
    await using created = createTestPool();
    using models = createModelsDir();
    const model = models.write("one", identity);
    const leases = await Promise.all(
      created.pool.narrowHosts(model).ids.map((narrowHostId) => created.pool.acquire(model, { narrowHostId })),
    );
    await Promise.all(leases.map(({ host }) => host.load(model)));
    expect(new Set((await created.pool.describe()).map(({ pid }) => pid)).size).toBe(2);
    for (const { release } of leases) release();
  });

  test("end when they are idle, also for a pinned model and while the other host is in use", async () => {
    await using created = createTestPool({ idleTtlMs: 150 });
    using models = createModelsDir();
    const { pool } = created;
    const [used, pinned] = [models.write("one", identity), models.write("two", identity)];
    await pool.load(pinned, { pin: true });
    const [narrowHostId = ""] = pool.narrowHosts(used).ids;
    for (const model of [used, pinned]) (await pool.acquire(model, { narrowHostId })).release();
    const lease = await pool.acquire(used);
    await sleep(800);
    expect((await pool.describe()).map(({ hostId }) => hostId)).toEqual(["up/0/light"]);
    lease.release();
    await sleep(800);
    expect((await pool.describe()).flatMap((host) => host.models.map(({ name }) => name))).toEqual(["two"]);
  });

  test("unload a model together with the other hosts when it is evicted or unloaded", async () => {
    await using created = createTestPool({ eviction: { maxModels: 1 } });
    using models = createModelsDir();
    const { pool } = created;
    const [old, next] = [models.write("old", identity), models.write("next", identity)];
    const [narrowHostId = ""] = pool.narrowHosts(old).ids;
    const holders = async (name: string) =>
      (await pool.describe()).filter((host) => host.models.some((model) => model.name === name)).length;
    for (const choice of [{}, { narrowHostId }]) {
      const { host, release } = await pool.acquire(old, choice);
      await host.load(old);
      release();
    }
    expect(await holders("old")).toBe(2);
    await pool.load(next);
    expect(await holders("old")).toBe(0);
    const lease = await pool.acquire(next, { narrowHostId });
    await lease.host.load(next);
    expect(await pool.evict(narrowHostId)).toBe(false);
    lease.release();
    expect(await pool.evict(narrowHostId)).toBe(true);
    // The other host keeps its model, which still counts.
    expect(await holders("next")).toBe(1);
    expect(await pool.unload("next")).toMatchObject({ wasLoaded: true });
    expect(await holders("next")).toBe(0);
  });

  test("end without a lease before another model is evicted for lack of memory", async () => {
    using models = createModelsDir();
    const [old, next] = [models.write("old", identity), models.write("next", identity)];
    const bytesOf = async (pool: HostPool) => (await pool.describe()).map(({ usedBytes }) => usedBytes);
    // Room for two hosts and a half, as large as a host with such a model is here.
    await using measured = createTestPool();
    await measured.pool.load(old);
    const [hostBytes = 0] = await bytesOf(measured.pool);
    const maxBytes = 2.5 * hostBytes + next.memory.residentBytes;
    await using created = createTestPool({ eviction: { maxBytes } });
    const { pool } = created;
    const { ids } = pool.narrowHosts(old);
    for (const choice of [{}, ...ids.map((narrowHostId) => ({ narrowHostId }))]) {
      const { host, release } = await pool.acquire(old, choice);
      await host.load(old);
      release();
    }
    expect(await bytesOf(pool)).toHaveLength(3);
    await pool.load(next);
    const loaded = (await pool.describe()).map(({ hostId, models }) => [hostId, models.map(({ name }) => name)]);
    expect(loaded).toEqual([["up/0/light", ["old", "next"]]]);
  });

  test("do not lengthen the protection of their model from eviction", async () => {
    using models = createModelsDir();
    const [old, next] = [models.write("old", identity), models.write("next", identity)];
    await using created = createTestPool({ eviction: { maxModels: 1, minResidentMs: 60_000 } });
    const { pool } = created;
    const { loadMs } = await pool.load(old);
    const [narrowHostId = ""] = pool.narrowHosts(old).ids;
    const { host, release } = await pool.acquire(old, { narrowHostId });
    await sleep(10 * loadMs);
    await host.load(old);
    release();
    expect(await pool.evictionDelayMs(next)).toBe(0);
  });

  test("do not prove a model again that another host has run, and prove all others", async () => {
    using models = createModelsDir();
    // Its entry claims another size of the output, which only a run shows.
    const wrong = models.write("wrong", identity, { scale: 2 });
    const options = { id: "h", providers: ["cpu" as const], threads: threadsOf(1), log: createTestLog() };
    const open = async (provenModels: Set<string>) => {
      const host = await startInferenceHost({ ...options, provenModels });
      return { host, provenModels, [Symbol.asyncDispose]: () => host.close() };
    };
    await using fresh = await open(new Set());
    await expect(fresh.host.load(wrong)).rejects.toMatchObject({ reason: "MODEL_INVALID" });
    const right = models.write("right", identity);
    await fresh.host.load(right);
    expect([...fresh.provenModels]).toEqual([toModelKey(right)]);
    await using next = await open(new Set([toModelKey(wrong)]));
    await next.host.load(wrong);
    await expect(next.host.runTile(wrong, noise(8, 8), { retry: false })).rejects.toMatchObject({
      reason: "INFERENCE_FAILED",
    });
  });
});
