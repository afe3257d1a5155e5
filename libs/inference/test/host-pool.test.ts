import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createHostPool, type HostPoolOptions } from "../src/index.ts";
import { createModelsDir, createTestLog, identity, noise } from "./tiny-models.ts";

const createTestPool = (facts: Partial<HostPoolOptions> = {}) => {
  const threads = { intraOp: 1, interOp: 1 };
  const devices = [{ deviceId: "cpu-0", providers: ["cpu" as const], threads }];
  const pool = createHostPool({ name: "up-1", devices, log: createTestLog(), closeGraceMs: 300, ...facts });
  return { pool, [Symbol.asyncDispose]: () => pool.close() };
};

describe("a pool of hosts", () => {
  test("starts nothing before it is needed, shares one host among light models, gives heavy ones their own", async () => {
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

  test("loads and unloads with memory before and after", async () => {
    await using created = createTestPool();
    using models = createModelsDir();
    const model = models.write("one", identity);
    const loaded = await created.pool.load(model, { pin: true });
    expect(loaded.memoryAfterBytes).toBeGreaterThan(0);
    expect((await created.pool.describe())[0]?.models).toMatchObject([{ name: "one", pinned: true }]);
    expect(await created.pool.unload("one")).toMatchObject({ wasLoaded: true, memoryAfterBytes: 0 });
    expect(await created.pool.unload("one")).toMatchObject({ wasLoaded: false, memoryBeforeBytes: 0 });
  });

  test("ends hosts that nobody has held for a while, but none that is held or holds a pinned model", async () => {
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

  test("evicts a host that is not held, and only then", async () => {
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

  test("makes grants known to hosts that start later", async () => {
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

  test("waits for held hosts when it closes, within its grace time, and takes nobody after", async () => {
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

  test("forgets a host that could not start", async () => {
    const threads = { intraOp: 1, interOp: 1 };
    await using created = createTestPool({ devices: [{ deviceId: "gpu", providers: ["cuda"], threads }] });
    using models = createModelsDir();
    const model = models.write("one", identity);
    await expect(created.pool.load(model)).rejects.toMatchObject({ reason: "INFERENCE_FAILED" });
    expect(await created.pool.describe()).toEqual([]);
  });
});
