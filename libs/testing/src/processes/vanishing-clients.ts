import { readdirSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApplyEffectsRequest, type CreateJobRequest, PutBlobHeader, type PutBlobRequest } from "@pixelmesh/proto";
import { connectRpc, type RpcConnection } from "@pixelmesh/rpc";
import { effectStep } from "../jobs/steps.ts";
import type { TestMesh } from "../test-mesh.ts";
import { listOpen } from "./process-memory.ts";

const mib = 1024 * 1024;
const midwayWithinMs = 20_000;

/** Number of clients that vanish together. */
export const clients = 6;

type Cable = {
  readonly connections: readonly RpcConnection[];
  /** Resolves when the cable is cut. */
  readonly isCut: Promise<void>;
  cut(): void;
};

/** Opens connections to a service that all break at once, as those of a host that loses power. */
async function startCable(target: string): Promise<Cable> {
  const [host, port] = target.split(":");
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), host as string);
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as AddressInfo;
  const connections = Array.from({ length: clients }, () => connectRpc(`127.0.0.1:${own}`));
  const { promise: isCut, resolve } = Promise.withResolvers<void>();
  return {
    connections,
    isCut,
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      for (const connection of connections) connection.close();
      resolve();
    },
  };
}

/**
 * Begins a call on each of several connections to a service, waits until they are midway, and cuts them. Resolves with the time of
 * the cut (of performance.now) when all calls have failed. Throws where a call succeeded.
 */
export async function vanish(
  mesh: TestMesh,
  service: string,
  begin: (connection: RpcConnection, isCut: Promise<void>) => Promise<unknown>,
  isMidway: () => Promise<boolean> | boolean,
): Promise<number> {
  const found = mesh.processes().find(({ name }) => name === service);
  if (found === undefined) throw new Error(`No process of ${service}`);
  const cable = await startCable(found.grpc);
  const calls = cable.connections.map((connection) =>
    begin(connection, cable.isCut).then(
      () => "whole",
      () => "cut",
    ),
  );
  try {
    const untilMs = performance.now() + midwayWithinMs;
    while (!(await isMidway())) {
      if (performance.now() > untilMs) throw new Error(`The calls to ${service} were never midway`);
      await sleep(10);
    }
  } finally {
    cable.cut();
  }
  const cutMs = performance.now();
  if ((await Promise.all(calls)).includes("whole")) throw new Error(`A call to ${service} was answered`);
  return cutMs;
}

/** Counts the uploads that storage writes. */
export function countTemps(mesh: TestMesh): number {
  return readdirSync(join(mesh.dataDir, "blobs", "tmp")).length;
}

/** Counts the blobs that storage has open. */
export function countBlobsOpen(mesh: TestMesh): number {
  const storage = mesh.processes().find(({ name }) => name === "storage");
  return storage === undefined ? 0 : listOpen(storage.pid).filter((name) => name.includes("/blobs/blobs/")).length;
}

/** The messages of a job whose upload never ends: two chunks, then `begun` is called. */
export async function* halfAJob(
  bytes: Uint8Array,
  isCut: Promise<void>,
  begun: () => void,
): AsyncGenerator<CreateJobRequest> {
  const pipeline = { steps: [effectStep("fx", "dither")], outputs: [] };
  const header = { pipeline, requestId: crypto.randomUUID() };
  yield { part: { $case: "header", value: header as never } };
  yield { part: { $case: "upload", value: { name: "source", sha256: "", sizeBytes: 0, sourceUrl: "" } } };
  for (let at = 0; at < 2; at++) yield { part: { $case: "chunk", value: bytes.subarray(at * mib, (at + 1) * mib) } };
  begun();
  await isCut;
  throw new Error("gone");
}

/** The messages of a blob of unknown size: one chunk, and no end. */
export async function* halfABlob(bytes: Uint8Array, isCut: Promise<void>): AsyncGenerator<PutBlobRequest> {
  yield {
    part: {
      $case: "header",
      value: PutBlobHeader.fromPartial({ sha256: "", sizeBytes: 0, mediaType: "", keepUntilUnixMs: 0 }),
    },
  };
  yield { part: { $case: "chunk", value: bytes.subarray(0, mib) } };
  await isCut;
  throw new Error("gone");
}

/** The messages of a direct call that takes seconds. */
export async function* slowEffects(bytes: Uint8Array): AsyncGenerator<ApplyEffectsRequest> {
  const effects = Array.from({ length: 12 }, () => ({ name: "pop_art", parameters: {} }));
  yield { part: { $case: "header", value: { operation: { effects }, encoding: undefined } } };
  for (let at = 0; at < bytes.length; at += mib)
    yield { part: { $case: "chunk", value: bytes.subarray(at, at + mib) } };
}
