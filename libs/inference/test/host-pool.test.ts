import { setTimeout as sleep } from "node:timers/promises";
import { createModelsDir, createTestLog, identity, noise } from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { createHostPool, type HostEvent, type HostPoolOptions, type AvailableModel as Model } from "../src/index.ts";

const createTestPool = (facts: Partial<HostPoolOptions> = {}) => {
  const threads = { intraOp: 1, interOp: 1 };
  const devices = [{ deviceId: "cpu-0", providers: ["cpu" as const], threads }];
  const events: HostEvent[] = [];
  const observe = (event: HostEvent) => void events.push(event);
  const pool = createHostPool({ name: "up-1", devices, log: createTestLog(), closeGraceMs: 300, observe, ...facts });
  return { pool, events, [Symbol.asyncDispose]: () => pool.close() };
};

describe("a pool of hosts", () => {
  test("starts hosts on first use: one for all light models, and one for each heavy model", async () => {
    await using created = createTestPool();
    using models = createModelsDir();
    const { pool } = created;
    const one = models.write("one", identity);
    const two = models.write("two", identity);
    const big = models.write("big", identity, { workClass: "heavy" });
    expect(await pool.describe()).toEqual([]);
    const leases = await Promise.all([pool.acquire(one), pool.acquire(two), pool.acquire(big)]);
    expect(leases[0]!.host).toBe(leases[1]!.host);
    expect(leases.map(({ host }) => host.id)).toEqual(["up-1/0/light", "up-1/0/light", "up-1/0/big"]);
    expect(pool.hostId(big)).toBe("up-1/0/big");
    for (const { release } of leases) release();
    expect(await pool.describe("cpu-0")).toHaveLength(2);
    expect(await pool.describe("gpu-7")).toEqual([]);
    await expect(pool.acquire(one, { deviceId: "gpu-7" })).rejects.toThrow("Expected `device_id` to be one of cpu-0");
  });

  test("reports memory before and after a load and an unload", async () => {
    await using created = createTestPool();
    using models = createModelsDir();
    const model = models.write("one", identity);
    const loaded = await created.pool.load(model, { pin: true });
    expect(loaded.memoryAfterBytes).toBeGreaterThan(0);
    expect((await created.pool.describe())[0]?.models).toMatchObject([{ name: "one", pinned: true }]);
    expect(await created.pool.unload("one")).toMatchObject({ wasLoaded: true, memoryAfterBytes: 0 });
    expect(await created.pool.unload("one")).toMatchObject({ wasLoaded: false, memoryBeforeBytes: 0 });
  });

  test("ends idle hosts, but none with a lease or a pinned model", async () => {
    await using created = createTestPool({ idleTtlMs: 150 });
    using models = createModelsDir();
    const { pool } = created;
    const light = models.write("one", identity);
    const pinned = models.write("big", identity, { workClass: "heavy" });
    await pool.load(pinned, { pin: true });
    const lease = await pool.acquire(light);
    await sleep(400);
    expect(await pool.describe()).toHaveLength(2);
    lease.release();
    lease.release();
    await sleep(600);
    expect((await pool.describe()).map(({ hostId }) => hostId)).toEqual(["up-1/0/big"]);
    const again = await pool.acquire(light);
    await again.host.runTile(light, noise(8, 8));
    again.release();
  });

  test("evicts a host only if it has no lease", async () => {
    await using created = createTestPool();
    using models = createModelsDir();
    const model = models.write("one", identity);
    const lease = await created.pool.acquire(model);
    expect(await created.pool.evict(lease.host.id)).toBe(false);
    lease.release();
    expect(await created.pool.evict(lease.host.id)).toBe(true);
    expect(await created.pool.evict(lease.host.id)).toBe(false);
    expect(await created.pool.describe()).toEqual([]);
  });

  test("sends grants also to hosts that start later", async () => {
    await using created = createTestPool();
    using models = createModelsDir();
    const model = models.write("one", identity);
    created.pool.renewGrant("s1", 30_000);
    const { host, release } = await created.pool.acquire(model);
    await host.runTile(model, noise(8, 8), { slotId: "s1" });
    created.pool.endGrant("s1");
    await expect(host.runTile(model, noise(8, 8), { slotId: "s1" })).rejects.toMatchObject({ reason: "GRANT_EXPIRED" });
    release();
  });

  test("waits for leases within the grace time when it closes, and grants no new ones", async () => {
    const { pool } = createTestPool({ closeGraceMs: 5_000 });
    using models = createModelsDir();
    const model = models.write("one", identity);
    const { host, release } = await pool.acquire(model);
    let closed = false;
    const closing = pool.close().then(() => {
      closed = true;
    });
    await expect(pool.acquire(model)).rejects.toMatchObject({ reason: "STOPPING" });
    await host.runTile(model, noise(8, 8));
    await sleep(50);
    expect(closed).toBe(false);
    release();
    await closing;
    await expect(host.runTile(model, noise(8, 8))).rejects.toMatchObject({ reason: "STOPPING" });
  });

  test("removes a host that could not start", async () => {
    const threads = { intraOp: 1, interOp: 1 };
    await using created = createTestPool({ devices: [{ deviceId: "gpu", providers: ["cuda"], threads }] });
    using models = createModelsDir();
    const model = models.write("one", identity);
    await expect(created.pool.load(model)).rejects.toMatchObject({ reason: "INFERENCE_FAILED" });
    expect(await created.pool.describe()).toEqual([]);
  });

  test("evicts the least recently used model if memory is short, but none with a lease or a pin", async () => {
    using models = createModelsDir();
    const facts = { memory: { residentBytes: 2 ** 20, bytesPerInputPixel: 1 } };
    const [pinned, old, used, wanted] = ["pinned", "old", "used", "wanted"].map((name) =>
      models.write(name, identity, facts),
    ) as [Model, Model, Model, Model];
    await using small = createTestPool({ eviction: { maxBytes: 1 } });
    await small.pool.load(pinned, { pin: true });
    await small.pool.load(old);
    const second = await small.pool.acquire(used);
    await second.host.load(used);
    const inSmall = async () =>
      (await small.pool.describe()).flatMap((host) => host.models.map(({ name }) => name)).sort();
    expect(await inSmall()).toEqual(["pinned", "used"]);
    expect(small.events.filter(({ type }) => type === "evicted")).toEqual([
      { type: "evicted", model: "old", why: "memory" },
    ]);
    // All models that could be evicted are leased: another request waits until its signal is aborted.
    const impatient = small.pool.acquire(wanted, { signal: AbortSignal.timeout(200) });
    await expect(impatient).rejects.toMatchObject({ name: "TimeoutError" });
    const patient = small.pool.acquire(wanted);
    second.release();
    (await patient).release();
  });

  test("with a limit of one model never loads two at once under concurrent requests", async () => {
    using models = createModelsDir();
    const light = models.write("light", identity);
    const heavy = models.write("heavy", identity, { workClass: "heavy" });
    await using created = createTestPool({ eviction: { maxModels: 1 } });
    const { pool } = created;
    let most = 0;
    const use = async (model: Model) => {
      const lease = await pool.acquire(model);
      await lease.host.runTile(model, noise(8, 8));
      most = Math.max(most, (await pool.describe()).flatMap((host) => host.models).length);
      lease.release();
    };
    await Promise.all([light, heavy, light, heavy, light].map(use));
    expect(most).toBe(1);
    expect(created.events).toContainEqual({ type: "evicted", model: "light", why: "count" });
  });

  test("returns a delay if a request would evict a model that was just loaded", async () => {
    using models = createModelsDir();
    const [one, two] = [models.write("one", identity), models.write("two", identity)];
    await using created = createTestPool({ eviction: { maxModels: 1, minResidentMs: 60_000 } });
    const { pool } = created;
    const { loadMs } = await pool.load(one);
    expect(await pool.evictionDelayMs(one)).toBe(0);
    const delayMs = await pool.evictionDelayMs(two);
    expect(delayMs).toBeLessThanOrEqual(10 * loadMs);
    await sleep(10 * loadMs);
    expect(await pool.evictionDelayMs(two)).toBe(0);
  });

  test("unloads a model after its last lease, and grants no new lease before", async () => {
    using models = createModelsDir();
    const model = models.write("one", identity);
    await using created = createTestPool();
    const { pool } = created;
    const lease = await pool.acquire(model);
    await lease.host.runTile(model, noise(8, 8));
    const order: string[] = [];
    const unloading = pool.unload("one").then((report) => {
      order.push("unloaded");
      return report;
    });
    await sleep(50);
    const next = pool.acquire(model).then((later) => {
      order.push("acquired");
      later.release();
    });
    await lease.host.runTile(model, noise(8, 8));
    expect(order).toEqual([]);
    lease.release();
    expect(await unloading).toMatchObject({ wasLoaded: true, memoryAfterBytes: 0 });
    await next;
    expect(order).toEqual(["unloaded", "acquired"]);
    const held = await pool.acquire(model);
    await expect(pool.unload("one", AbortSignal.timeout(100))).rejects.toMatchObject({ name: "TimeoutError" });
    held.release();
  });
});
