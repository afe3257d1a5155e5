import { connect } from "node:http2";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc, limitCalls, type RpcServerOptions } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

const path = `/${StorageServiceDefinition.fullName}/StatBlob`;
const token = "token-of-a-caller";

/** Starts a storage that allows one open StatBlob. */
async function startLimited(options: Partial<RpcServerOptions> = {}) {
  const { server } = await startFakeStorage(
    { statBlob: async () => ({ blob: { sha256: "", sizeBytes: 1, mediaType: "" } }) },
    { callLimits: { [path]: limitCalls(1) }, ...options },
  );
  const connection = connectRpc(server.address, { token: () => token });
  onTestFinished(connection.close);
  return { address: server.address, storage: connection.client(StorageServiceDefinition) };
}

/** Opens a StatBlob call that sends no request. */
function openSilentCall(address: string) {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers, { endStream: false });
  stream.on("error", () => {});
  // The server answers a ping after it has seen the headers before it.
  const arrived = new Promise<void>((resolve) => session.once("connect", () => session.ping(() => resolve())));
  const ended = new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
  return { arrived, ended };
}

test("a call without a valid token takes no place of a limited method", async () => {
  const { address, storage } = await startLimited({ tokens: (given) => given === token });
  await openSilentCall(address).arrived;
  expect((await storage.statBlob({ sha256: "x" })).blob?.sizeBytes).toBe(1);
});

test("a limited call whose request does not arrive is ended, and its place is free again", async () => {
  const { address, storage } = await startLimited({ stallMs: 200 });
  const silent = openSilentCall(address);
  await silent.arrived;
  await expect(storage.statBlob({ sha256: "x" })).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  // 4: DEADLINE_EXCEEDED.
  expect(await silent.ended).toMatchObject({ "grpc-status": "4" });
  expect((await storage.statBlob({ sha256: "x" })).blob?.sizeBytes).toBe(1);
});
