import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectBus, listServices, startBroker } from "@pixelmesh/bus";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "./open-test-store.ts";

const mib = 1024 * 1024;
const log = createLogger({ service: "test", level: "silent" });
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** Starts a broker and creates a shared directory; `startReplica` starts storage processes on them. All end with the test. */
async function startShared() {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-shared-"));
  const broker = await startBroker({ dataDir: join(root, "nats") });
  const metrics = createMetrics("test", "0");
  const bus = await connectBus({ natsUrl: broker.url, natsReplicas: 1, ackWaitMs: 30_000, name: "test", log, metrics });
  onTestFinished(async () => {
    await bus.close();
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  });
  const coldDir = join(root, "cold");
  mkdirSync(coldDir);
  let started = 0;

  async function startReplica(env: Record<string, string> = {}) {
    started += 1;
    const instance = String(started);
    const child = spawn(process.execPath, ["--conditions=development", "--disable-warning=ExperimentalWarning", main], {
      env: {
        ...process.env,
        PIXELMESH_INSTANCE: instance,
        PIXELMESH_NATS_URL: broker.url,
        PIXELMESH_LOG_LEVEL: "error",
        PIXELMESH_STORAGE_GRPC_PORT: "0",
        PIXELMESH_STORAGE_HEALTH_PORT: "0",
        PIXELMESH_STORAGE_METRICS_PORT: "0",
        PIXELMESH_STORAGE_MIN_FREE: "0B",
        PIXELMESH_STORAGE_SWEEP_EVERY: "200ms",
        PIXELMESH_STORAGE_DIR: join(root, `warm-${instance}`),
        PIXELMESH_STORAGE_COLD: `file://${coldDir}`,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output = (output + chunk).slice(-8_000);
      });
    }
    const exited = once(child, "close");
    const kill = async () => {
      child.kill("SIGKILL");
      await exited;
    };
    onTestFinished(kill);
    let address: string | undefined;
    while (address === undefined) {
      if (child.exitCode !== null) {
        await exited;
        throw new Error(`the replica did not start: ${output}`);
      }
      await sleep(50);
      address = (await listServices(bus).catch(() => [])).find((each) => each.instance === instance)?.grpcAddress;
    }
    const connection = connectRpc(address);
    onTestFinished(() => connection.close());
    return { client: connection.client(StorageServiceDefinition), kill, dir: join(root, `warm-${instance}`) };
  }
  const coldPath = (sha256: string) => join(coldDir, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  return { startReplica, coldDir, coldPath, bus };
}

type Client = Awaited<ReturnType<Awaited<ReturnType<typeof startShared>>["startReplica"]>>["client"];

async function putBytes(client: Client, bytes: Uint8Array) {
  return await client.putBlob(
    (async function* () {
      yield { part: { $case: "header" as const, value: { sizeBytes: bytes.length } } };
      for (const value of toChunks(bytes)) yield { part: { $case: "chunk" as const, value: Buffer.from(value) } };
      yield { part: { $case: "end" as const, value: {} } };
    })(),
  );
}

async function getBytes(client: Client, sha256: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const { part } of client.getBlob({ sha256 })) if (part?.$case === "chunk") chunks.push(part.value);
  return Buffer.concat(chunks);
}

test("kill -9 of either replica loses no blob whose put was answered, at each step of the put", async () => {
  const { startReplica, coldDir, coldPath } = await startShared();
  const survivor = await startReplica();
  const moments: [string, (sha256: string, dir: string) => boolean][] = [
    ["while the bytes arrive", (_sha256, dir) => readdirSync(join(dir, "tmp")).length > 0],
    ["while they are written to the shared store", () => readdirSync(join(coldDir, "tmp")).length > 0],
    ["once the shared store has them", (sha256) => existsSync(coldPath(sha256))],
  ];
  for (const [name, isReached] of moments) {
    const victim = await startReplica();
    const answered: Buffer[] = [];
    for (let n = 0; n < 3; n += 1) {
      const bytes = randomBytes(mib);
      await putBytes(victim.client, bytes);
      answered.push(bytes);
    }
    const bytes = randomBytes(12 * mib);
    const putting = putBytes(victim.client, bytes).then(
      () => true,
      () => false,
    );
    const sha256 = digestOf(bytes);
    while (!isReached(sha256, victim.dir)) await sleep(1);
    await victim.kill();
    if (await putting) answered.push(bytes);
    for (const each of answered) {
      const got = await getBytes(survivor.client, digestOf(each));
      expect(got.equals(each), name).toBe(true);
    }
    expect((await putBytes(survivor.client, bytes)).blob?.sha256, name).toBe(digestOf(bytes));
    expect((await getBytes(survivor.client, digestOf(bytes))).equals(bytes), name).toBe(true);
  }
  const heir = await startReplica();
  const bytes = randomBytes(mib);
  const { blob } = await putBytes(survivor.client, bytes);
  await survivor.kill();
  expect((await getBytes(heir.client, blob!.sha256)).equals(bytes)).toBe(true);
  // Half-written files of the dead are removed by the living.
  await expect.poll(() => readdirSync(join(coldDir, "tmp")), { timeout: 60_000 }).toEqual([]);
});

test("statistics and metrics tell the tiers apart, and CheckStore streams findings with a summary", async () => {
  const { startReplica, coldPath } = await startShared();
  const { client } = await startReplica();
  const bytes = randomBytes(mib);
  const { blob } = await putBytes(client, bytes);
  for (let n = 0; n < 4; n += 1) await getBytes(client, blob!.sha256);
  await expect
    .poll(async () => (await client.getStats({})).tiers)
    .toMatchObject([
      { tier: "hot", blobs: 1, hitsTotal: 2, promotionsTotal: 1 },
      { tier: "warm", blobs: 1, sizeBytes: mib, hitsTotal: 2 },
      { tier: "cold", blobs: 1, sizeBytes: mib, hitsTotal: 0 },
    ]);
  rmSync(coldPath(blob!.sha256));
  const parts = [];
  for await (const { part } of client.checkStore({ repair: false, verify: false })) parts.push(part);
  // The entry is younger than ten minutes: its put could be in progress.
  expect(parts).toEqual([
    { $case: "summary", value: { blobs: 0, sizeBytes: 0, entries: 1, findings: 0, repaired: 0 } },
  ]);
});

test("a storage without a shared store refuses CheckStore and says what to set", async () => {
  const { startReplica } = await startShared();
  const { client } = await startReplica({ PIXELMESH_STORAGE_COLD: "" });
  const call = (async () => {
    for await (const _ of client.checkStore({}));
  })();
  await expect(call).rejects.toMatchObject({
    reason: "METHOD_UNIMPLEMENTED",
    message: expect.stringContaining("PIXELMESH_STORAGE_COLD"),
  });
  expect((await client.getStats({})).tiers).toEqual([]);
});

test("a second replica without a shared store is refused, one that takes over from a dead one is not", async () => {
  const { startReplica } = await startShared();
  const alone = { PIXELMESH_STORAGE_COLD: "" };
  const first = await startReplica(alone);
  await expect(startReplica(alone)).rejects.toThrow(
    /Expected PIXELMESH_STORAGE_COLD to name a shared store, because a storage replica .*1.* runs beside this one/s,
  );
  await first.kill();
  await startReplica(alone);
});

test("an address of another form, and a directory that does not exist, end the process with what to set", async () => {
  const { startReplica, coldDir } = await startShared();
  for (const cold of ["/srv/blobs", "http://bucket", "file://relative", `file://${coldDir}/missing`]) {
    await expect(startReplica({ PIXELMESH_STORAGE_COLD: cold })).rejects.toThrow(
      /did not start: .*Expected `?PIXELMESH_STORAGE_COLD`? to (be|name)/s,
    );
  }
});
