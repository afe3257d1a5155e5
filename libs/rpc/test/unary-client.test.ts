import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { Metadata } from "nice-grpc-common";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

/** Starts a storage that fails its first calls with UNAVAILABLE and RetryInfo, and a client. */
async function startTestServer({ failures = 0 } = {}) {
  const seen = { calls: 0, aborted: 0, token: "" };
  const { server } = await startFakeStorage({
    async statBlob({ sha256 }, { metadata, signal }) {
      seen.calls += 1;
      seen.token = String(metadata.get("authorization") ?? metadata.get("x-own") ?? "");
      if (seen.calls <= failures) throw new AppError("STORAGE_UNAVAILABLE", "Not now", { metadata: { code: "EIO" } });
      if (sha256 === "slow") {
        await sleep(60_000, undefined, { signal }).catch(() => {});
        seen.aborted += 1;
      }
      return { keepUntilUnixMs: 7 };
    },
  });
  const connection = connectRpc(server.address, { token: () => "secret" });
  onTestFinished(connection.close);
  return { seen, connection, storage: connection.client(StorageServiceDefinition) };
}

test("a call with `repeat` is repeated while the server is unavailable, up to four times", async () => {
  const some = await startTestServer({ failures: 4 });
  expect(await some.storage.statBlob({ sha256: "x" }, { repeat: true })).toMatchObject({ keepUntilUnixMs: 7 });
  expect(some.seen.calls).toBe(5);
  const many = await startTestServer({ failures: 9 });
  await expect(many.storage.statBlob({ sha256: "x" }, { repeat: true })).rejects.toMatchObject({
    reason: "STORAGE_UNAVAILABLE",
    message: "Not now",
    metadata: { code: "EIO" },
  });
  expect(many.seen.calls).toBe(5);
});

test("a call without `repeat` is made once", async () => {
  const { storage, seen } = await startTestServer({ failures: 1 });
  await expect(storage.statBlob({ sha256: "x" })).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  expect(seen.calls).toBe(1);
});

test("an aborted call rejects at once with an abort, and its handler's signal is aborted", async () => {
  const { storage, seen } = await startTestServer();
  await storage.statBlob({ sha256: "x" });
  const controller = new AbortController();
  const call = storage.statBlob({ sha256: "slow" }, { signal: controller.signal });
  await expect.poll(() => seen.calls).toBe(2);
  controller.abort();
  await expect(call).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(() => seen.aborted).toBe(1);
  await expect(storage.statBlob({ sha256: "x" }, { signal: controller.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
  expect(seen.calls).toBe(2);
});

test("a deadline ends the call on the caller's side with DEADLINE_EXCEEDED", async () => {
  const { storage } = await startTestServer();
  await storage.statBlob({ sha256: "x" });
  await expect(storage.statBlob({ sha256: "slow" }, { timeoutMs: 200 })).rejects.toMatchObject({
    reason: "DEADLINE_EXCEEDED",
  });
});

test("the token and the caller's own metadata are sent", async () => {
  const { storage, connection, seen } = await startTestServer();
  await storage.statBlob({ sha256: "x" });
  expect(seen.token).toBe("Bearer secret");
  const bare = connectRpc(connection.address);
  onTestFinished(bare.close);
  await bare.client(StorageServiceDefinition).statBlob({ sha256: "x" }, { metadata: Metadata({ "x-own": "mine" }) });
  expect(seen.token).toBe("mine");
});
