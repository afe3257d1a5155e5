import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contentOf } from "@pixelmesh/imaging";
import { BlobKind } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { startS3Server } from "@pixelmesh/testing/s3";
import { type BlobClient, connectBlobs } from "@pixelmesh/worker";
import { startBarePeer } from "../harness/bare-peer.ts";
import { readAnonymous } from "../harness/machine.ts";
import { type Figure, report } from "../harness/report.ts";
import type { SlowTransfer } from "../harness/slow-transfers.ts";
import { percentile, spread } from "../harness/stats.ts";
import { storeOutputs } from "../harness/store-outputs.ts";

const mib = 1024 * 1024;
const chunkBytes = 256 * 1024;
const streamBytes = 64 * mib;
const rounds = Number(process.env.ROUNDS ?? 9);
const reads = 300;
const warmReads = 200;
const storeLateMs = 100;
const outputSidePx = 400;
const retention = { kind: BlobKind.OUTPUT, jobId: "", keepUntilUnixMs: 0 };

/**
 * Measures the streams of storage: 64 MiB read and stored, against a bare nice-grpc server that reads nothing from a disk and hashes nothing; reads of 1 MiB from
 * memory and from the disk of a replica with a shared store; four outputs of a step in a slow store; and the memory of storage while 20 clients move 200 MiB each at different speeds.
 */
export async function storageStreamsCase(): Promise<boolean> {
  return report("storage-streams", [
    ...(await measureStreams()),
    ...(await measureTiers()),
    await measureOutputs(),
    await measureMemory(),
  ]);
}

async function withStorage<T>(
  env: Readonly<Record<string, string>>,
  use: (blobs: BlobClient, address: string, mesh: TestMesh) => Promise<T>,
): Promise<T> {
  await using mesh = await startTestMesh({ services: ["storage"], env: { PIXELMESH_LOG_LEVEL: "warn", ...env } });
  const address = mesh.processes().find(({ name }) => name === "storage")?.grpc ?? "";
  const connection = connectRpc(address);
  try {
    return await use(connectBlobs(connection), address, mesh);
  } finally {
    connection.close();
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

async function readAll(blobs: BlobClient, sha256: string): Promise<void> {
  const { parts } = await blobs.read(sha256, streamBytes);
  for await (const _ of parts);
}

const put = (blobs: BlobClient, bytes: Uint8Array) =>
  blobs.put(contentOf(bytes), "application/octet-stream", retention);

async function measureStreams(): Promise<Figure[]> {
  const bare = await startBarePeer(chunkBytes, streamBytes);
  try {
    return await withStorage({}, async (blobs) => {
      const { sha256 } = await put(blobs, randomBytes(streamBytes));
      const ms = { bareRead: [] as number[], read: [] as number[], bareWrite: [] as number[], write: [] as number[] };
      for (let round = -1; round < rounds; round++) {
        const bytes = randomBytes(streamBytes);
        const times = {
          bareRead: await timed(bare.read),
          read: await timed(() => readAll(blobs, sha256)),
          bareWrite: await timed(() => bare.write(bytes)),
          write: await timed(() => put(blobs, bytes)),
        };
        // The first round warms both up.
        if (round >= 0) for (const name of Object.keys(ms) as (keyof typeof ms)[]) ms[name].push(times[name]);
      }
      const figure = (name: string, own: readonly number[], other: readonly number[]): Figure => ({
        name: `${name} of 64 MiB: bare stream's time over it`,
        value: -Number((spread(other).median / spread(own).median).toFixed(3)),
        unit: "x, negative",
        bound: -0.7,
        details: { rounds, ms: spread(own, 1), bareMs: spread(other, 1), allMs: own, allBareMs: other },
      });
      return [figure("GetBlob", ms.read, ms.bareRead), figure("PutBlob", ms.write, ms.bareWrite)];
    });
  } finally {
    await bare.close();
  }
}

async function measureTiers(): Promise<Figure[]> {
  const shared = mkdtempSync(join(tmpdir(), "pixelmesh-bench-cold-"));
  const bare = await startBarePeer(chunkBytes, mib);
  const readMs = async (hotMax: string): Promise<{ own: number[]; bare: number[] }> =>
    withStorage({ PIXELMESH_STORAGE_COLD: `file://${shared}`, PIXELMESH_STORAGE_HOT_MAX: hotMax }, async (blobs) => {
      const { sha256 } = await put(blobs, randomBytes(mib));
      const times = { own: [] as number[], bare: [] as number[] };
      for (let n = -warmReads; n < reads; n++) {
        const own = await timed(() => blobs.get({ sha256, sizeBytes: mib }, mib));
        const other = await timed(bare.read);
        if (n < 0) continue;
        times.own.push(own);
        times.bare.push(other);
      }
      return times;
    });
  const p50 = (times: readonly number[]) => Number(percentile(times, 50).toFixed(2));
  try {
    const figure = (name: string, times: { own: number[]; bare: number[] }, bound: number): Figure => ({
      name: `1 MiB from the ${name} tier: p50`,
      value: p50(times.own),
      unit: "ms",
      bound,
      // The machine's part: a bare stream of the same bytes, in turn.
      details: { reads, ms: spread(times.own, 2), bareP50Ms: p50(times.bare), bareMs: spread(times.bare, 2) },
    });
    return [figure("hot", await readMs("64MiB"), 2), figure("warm", await readMs("0B"), 8)];
  } finally {
    await bare.close();
    rmSync(shared, { recursive: true, force: true });
  }
}

/** Storing four outputs of a step, each of which waits for a store that answers late. */
async function measureOutputs(): Promise<Figure> {
  await using server = await startS3Server({ accessKey: "bench", secretKey: "bench-secret" });
  server.fail({ times: Number.POSITIVE_INFINITY, how: { kind: "late", afterMs: storeLateMs } });
  const env = {
    PIXELMESH_STORAGE_COLD: `s3://${server.bucket}/mesh`,
    PIXELMESH_STORAGE_S3_ENDPOINT: server.endpoint,
    PIXELMESH_STORAGE_S3_REGION: server.signing.region,
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench-secret",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  return await withStorage(env, async (blobs) => {
    const ms = { together: [] as number[], inTurn: [] as number[] };
    for (let round = -1; round < rounds; round++) {
      const together = await storeOutputs(blobs, outputSidePx, "together");
      const inTurn = await storeOutputs(blobs, outputSidePx, "in turn");
      if (round < 0) continue;
      ms.together.push(together);
      ms.inTurn.push(inTurn);
    }
    return {
      name: `four outputs of a step, a store that answers after ${storeLateMs} ms: time side by side over that in turn`,
      value: Number((spread(ms.together).median / spread(ms.inTurn).median).toFixed(3)),
      unit: "x",
      bound: 0.6,
      details: { rounds, outputSidePx, ms: spread(ms.together), inTurnMs: spread(ms.inTurn) },
    };
  });
}

/** Twenty transfers of 200 MiB: half read one blob, half store others; from 2 MiB a second to as fast as it goes. */
function slowTransfers(sha256: string): SlowTransfer[] {
  const speeds = [2, 3, 4, 6, 8, 12, 16, 32, 64, 4_096];
  return speeds.flatMap((speed) =>
    [sha256, ""].map((digest) => ({
      ...{ totalBytes: 200 * mib, blobBytes: 50 * mib, bytesPerSecond: speed * mib, sha256: digest },
    })),
  );
}

async function measureMemory(): Promise<Figure> {
  return await withStorage({}, async (blobs, address, mesh) => {
    const bytes = randomBytes(50 * mib);
    const { sha256 } = await put(blobs, bytes);
    if (sha256 !== createHash("sha256").update(bytes).digest("hex")) throw new Error("Storage named another digest");
    const pid = mesh.processes().find(({ name }) => name === "storage")?.pid ?? 0;
    const restBytes = readAnonymous(pid);
    const script = fileURLToPath(new URL("../harness/slow-transfers.ts", import.meta.url));
    const args = ["--conditions=development", script, address, JSON.stringify(slowTransfers(sha256))];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    const samples: number[] = [];
    const sampling = setInterval(() => samples.push(readAnonymous(pid)), 200);
    const [code] = await once(child, "close");
    clearInterval(sampling);
    if (code !== 0) throw new Error(`The transfers ended with ${code}`);
    const toMib = (value: number) => Math.round(value / mib);
    return {
      name: "anonymous memory of storage, 20 clients that move 200 MiB each",
      value: toMib(Math.max(...samples)),
      unit: "MiB",
      bound: 200,
      details: { restMib: toMib(restBytes), medianMib: toMib(percentile(samples, 50)), seconds: JSON.parse(output) },
    };
  });
}
