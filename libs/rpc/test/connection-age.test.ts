import { setTimeout as sleep } from "node:timers/promises";
import { experimental } from "@grpc/grpc-js";
import type { AppError } from "@pixelmesh/errors";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc, restartable, splitHeader, toChunks } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

const ageMs = 1_000;

/** The replicas behind the name, as a DNS server would list them. */
let replicas: readonly { readonly host: string; readonly port: number }[] = [];
experimental.registerResolver("replicas", ReplicaResolver as never);

/** Starts one replica of storage with connections of this maximum age. `served` counts its calls and connections. */
async function startReplica(maxConnectionAgeMs: number) {
  const served = { calls: 0, peers: new Set<string>() };
  const played: Parameters<typeof startFakeStorage>[0] = {
    async statBlob(_, { peer }) {
      served.calls += 1;
      served.peers.add(peer);
      return { keepUntilUnixMs: 1 };
    },
    async putBlob(stream) {
      let length = 0;
      const { chunks } = await splitHeader(stream);
      for await (const chunk of chunks) length += chunk.length;
      served.calls += 1;
      return { blob: { sha256: "", sizeBytes: length, mediaType: "" }, existed: false };
    },
    async *getBlob({ lengthBytes }) {
      yield { part: { $case: "header", value: { offsetBytes: 0, lengthBytes } } };
      for (let sent = 0; sent < lengthBytes; sent++) {
        await sleep(200);
        yield { part: { $case: "chunk", value: Uint8Array.of(1) } };
      }
    },
  };
  const { server } = await startFakeStorage(played, { maxConnectionAgeMs });
  return { host: "127.0.0.1", port: server.port, served };
}

function connect(address: string) {
  const connection = connectRpc(address);
  onTestFinished(connection.close);
  return connection.client(StorageServiceDefinition);
}

async function* upload(sizeBytes: number, pauseMs: number) {
  yield { part: { $case: "header" as const, value: { sha256: "", sizeBytes, mediaType: "", keepUntilUnixMs: 0 } } };
  for (const value of toChunks(new Uint8Array(sizeBytes))) {
    yield { part: { $case: "chunk" as const, value } };
    await sleep(pauseMs);
  }
}

test("no short call, upload or long stream fails when connections end at their maximum age", async () => {
  const [one, other] = await Promise.all([startReplica(ageMs), startReplica(1.3 * ageMs)]);
  const storage = connect(`ipv4:127.0.0.1:${one.port},127.0.0.1:${other.port}`);
  const failures: AppError[] = [];
  let streamed = 0;
  let isStreamed = false;
  // Until enough connections ended: on a busy machine a fixed time may be too short.
  const isDone = () => isStreamed && one.served.peers.size > 4 && other.served.peers.size > 4;
  const repeat = async (call: () => Promise<unknown>) => {
    while (!isDone()) await call().catch((error: AppError) => failures.push(error));
  };
  const stat = async () => {
    await storage.statBlob({ sha256: "x" });
    await sleep(Math.random() * 10);
  };
  const stream = async () => {
    // Five times the maximum age of its connection.
    const { chunks } = await splitHeader(storage.getBlob({ sha256: "x", lengthBytes: (5 * ageMs) / 200 }));
    for await (const chunk of chunks) streamed += chunk.length;
    isStreamed = true;
  };
  const putBlob = async () => {
    const { blob } = await storage.putBlob(restartable(() => upload(3_000_000, 20)));
    expect(blob?.sizeBytes).toBe(3_000_000);
  };
  await Promise.all([
    stream(),
    ...Array.from({ length: 4 }, () => repeat(stat)),
    ...Array.from({ length: 2 }, () => repeat(putBlob)),
  ]);
  expect(failures).toEqual([]);
  expect(streamed).toBe((5 * ageMs) / 200);
});

test("when a connection ends, the client finds new replicas and drops replicas that are gone", async () => {
  const [one, other] = await Promise.all([startReplica(ageMs), startReplica(1.3 * ageMs)]);
  replicas = [one];
  const storage = connect("replicas:///storage");
  await storage.statBlob({ sha256: "x" });
  expect([one.served.calls, other.served.calls]).toEqual([1, 0]);

  replicas = [one, other];
  const servedBy = async (replica: typeof one) => {
    const before = replica.served.calls;
    for (let at = 0; at < 4; at++) await storage.statBlob({ sha256: "x" });
    return replica.served.calls - before;
  };
  await expect.poll(() => servedBy(other)).toBe(2);
  replicas = [other];
  await expect.poll(() => servedBy(one)).toBe(0);
});

/** Resolves `replicas:///` to the current replicas. */
function ReplicaResolver(_target: unknown, listener: (...answer: unknown[]) => boolean): experimental.Resolver {
  const resolve = () => {
    const endpoints = replicas.map(({ host, port }) => ({ addresses: [{ host, port }] }));
    listener(experimental.statusOrFromValue(endpoints), {}, null, "");
  };
  return { updateResolution: () => process.nextTick(resolve), destroy() {} };
}
ReplicaResolver.getDefaultAuthority = () => "replicas";
