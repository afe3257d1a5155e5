import { type AppError, expected } from "@pixelmesh/errors";
import {
  type GetBlobResponse,
  JobServiceDefinition,
  PutBlobHeader,
  type PutBlobRequest,
  StorageServiceDefinition,
} from "@pixelmesh/proto";
import { callInfo, createLogger, startTracing, traceIds, withCallInfo, withTrace } from "@pixelmesh/telemetry";
import { createClient } from "nice-grpc";
import { Metadata } from "nice-grpc-common";
import { HealthDefinition } from "nice-grpc-server-health";
import { expect, onTestFinished, test } from "vitest";
import { collectBytes, connectRpc, createByteBudget, splitHeader, toChunks } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

startTracing();
const log = createLogger({ service: "test", level: "silent" });
const uploads = createByteBudget({ totalBytes: 64 * 1024 * 1024, name: "uploads" });

/** Starts a storage service with simple answers, and a job watch that never ends by itself. */
async function startTestServer(options: { maxDeadlineMs?: number } = {}) {
  const seen: { trace?: string; tenant?: string; aborted: boolean } = { aborted: false };
  const unused = async () => {
    throw new Error("not used in this test");
  };
  const { server, health } = await startFakeStorage(
    {
      async statBlob(request, { signal }) {
        const { traceId } = traceIds();
        Object.assign(seen, { trace: traceId, tenant: callInfo().tenant });
        if (request.sha256 === "field") throw expected("sha256", "64 hex digits", request.sha256);
        if (request.sha256 === "crash") throw new TypeError("a bug with a secret in it");
        if (request.sha256 === "slow") {
          await new Promise((_, reject) =>
            signal.addEventListener("abort", () => {
              seen.aborted = true;
              reject(signal.reason);
            }),
          );
        }
        return { keepUntilUnixMs: callInfo().deadlineUnixMs ?? 0 };
      },
      async putBlob(stream) {
        const { header, chunks } = await splitHeader(stream);
        const share = uploads.open();
        const bytes = await collectBytes(chunks, { maxBytes: 10_000_000, share }).finally(share.release);
        return { blob: { sha256: "x", sizeBytes: bytes.length, mediaType: header.mediaType }, existed: false };
      },
      async *getBlob(request) {
        yield { part: { $case: "header", value: { offsetBytes: 0, lengthBytes: request.lengthBytes } } };
        for (const value of toChunks(new Uint8Array(request.lengthBytes).fill(7)))
          yield { part: { $case: "chunk", value } };
      },
    },
    {
      log,
      serviceNames: [StorageServiceDefinition.fullName],
      ...options,
      register(it) {
        it.add(JobServiceDefinition, {
          async *watchJob(_request, { signal }) {
            yield { id: "1" };
            await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
          },
          createJob: unused,
          getJob: unused,
          listRemoteModels: unused,
          listFeatures: unused,
          estimateCost: unused,
          listJobs: unused,
          cancelJob: unused,
          cancelJobs: unused,
          retryJobs: unused,
          findPictures: unused,
          uploadPicture: unused,
          createBatch: unused,
          getBatch: unused,
          listBatches: unused,
          listBatchJobs: unused,
          cancelBatch: unused,
          retryBatch: unused,
          listCallbacks: unused,
          retryCallback: unused,
          warmResults: unused,
          async *downloadOutput() {},
          async *watchBatch() {},
          getCluster: unused,
          listModels: unused,
          listEffects: unused,
          getStats: unused,
        });
      },
    },
  );
  const connection = connectRpc(server.address);
  onTestFinished(connection.close);
  return {
    server,
    health,
    seen,
    storage: connection.client(StorageServiceDefinition),
    jobs: connection.client(JobServiceDefinition),
    healthClient: connection.client(HealthDefinition),
    connection,
  };
}

test("trace, tenant and deadline of the caller reach the handler", async () => {
  const { storage, seen } = await startTestServer();
  const deadlineUnixMs = Date.now() + 5_000;
  await withTrace(() =>
    withCallInfo({ tenant: "acme", deadlineUnixMs }, async () => {
      const answer = await storage.statBlob({ sha256: "x" }, { timeoutMs: 60_000 });
      // The remaining time is sent, so the latency is added to the deadline.
      expect(answer.keepUntilUnixMs).toBeGreaterThanOrEqual(deadlineUnixMs - 5);
      expect(answer.keepUntilUnixMs).toBeLessThan(deadlineUnixMs + 30_000);
      expect(seen).toMatchObject({ tenant: "acme", trace: traceIds().traceId });
    }),
  );
});

test("the deadline is the caller's grpc-timeout, and other times in the metadata are ignored", async () => {
  const { storage, connection } = await startTestServer({ maxDeadlineMs: 3_600_000 });
  const bare = createClient(StorageServiceDefinition, connection.channel);
  const bounds = async (call: Promise<{ keepUntilUnixMs: number }>) => (await call).keepUntilUnixMs - Date.now();
  for (const [key, value] of [
    ["x-pixelmesh-deadline-unix-ms", String(Date.now() - 960_000)],
    ["x-pixelmesh-deadline-unix-ms", String(Date.now() + 960_000)],
    ["x-pixelmesh-deadline-unix-ms", "1"],
  ] as const) {
    const metadata = Metadata({ [key]: value });
    expect(await bounds(storage.statBlob({ sha256: "x" }, { timeoutMs: 60_000, metadata }))).toBeLessThan(61_000);
    expect(await bounds(storage.statBlob({ sha256: "x" }, { timeoutMs: 60_000, metadata }))).toBeGreaterThan(20_000);
    // A caller without a deadline gets the server's longest one.
    expect(await bounds(bare.statBlob({ sha256: "x" }, { metadata }))).toBeGreaterThan(3_500_000);
  }
});

test("a typed failure arrives with reason, field and text", async () => {
  const { storage } = await startTestServer();
  const error = await storage.statBlob({ sha256: "field" }).catch((caught: AppError) => caught);
  expect(error).toMatchObject({
    name: "AppError",
    reason: "INVALID_ARGUMENT",
    message: "Expected `sha256` to be 64 hex digits, got `field`",
    fields: [{ field: "sha256" }],
  });
});

test("an unexpected failure arrives as INTERNAL without its cause", async () => {
  const { storage } = await startTestServer();
  const error = await storage.statBlob({ sha256: "crash" }).catch((caught: AppError) => caught);
  expect(error).toMatchObject({ reason: "INTERNAL" });
  expect((error as AppError).message).not.toContain("secret");
});

test("the server ends a call at the caller's deadline and aborts its handler", async () => {
  const { storage, seen } = await startTestServer();
  // Connect first, so that the call arrives before its deadline.
  await storage.statBlob({ sha256: "x" });
  const error = await storage.statBlob({ sha256: "slow" }, { timeoutMs: 1_000 }).catch((caught: AppError) => caught);
  expect(error).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  await expect.poll(() => seen.aborted).toBe(true);
});

test("the server's longest deadline limits the caller's", async () => {
  const { storage } = await startTestServer({ maxDeadlineMs: 50 });
  const error = await storage.statBlob({ sha256: "slow" }, { timeoutMs: 60_000 }).catch((caught: AppError) => caught);
  expect(error).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});

test("pictures of several megabytes are sent in chunks in both directions", async () => {
  const { storage } = await startTestServer();
  const bytes = new Uint8Array(5_000_000).fill(9);
  async function* upload(): AsyncIterable<PutBlobRequest> {
    yield {
      part: {
        $case: "header",
        value: PutBlobHeader.fromPartial({ sha256: "", sizeBytes: 0, mediaType: "a/b", keepUntilUnixMs: 0 }),
      },
    };
    for (const value of toChunks(bytes)) yield { part: { $case: "chunk", value } };
  }
  expect((await storage.putBlob(upload())).blob).toMatchObject({ sizeBytes: 5_000_000, mediaType: "a/b" });
  const parts: GetBlobResponse[] = [];
  for await (const message of storage.getBlob({ sha256: "x", lengthBytes: 3_000_000 })) parts.push(message);
  expect(parts.map(({ part }) => (part?.$case === "chunk" ? part.value.length : part?.$case))).toEqual([
    "header",
    1048576,
    1048576,
    902848,
  ]);
});

test("a stream that does not begin with a header is refused", async () => {
  const { storage } = await startTestServer();
  async function* upload(): AsyncIterable<PutBlobRequest> {
    yield { part: { $case: "chunk", value: new Uint8Array(3) } };
  }
  await expect(storage.putBlob(upload())).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("stopping ends open watches of health and jobs at once", async () => {
  const { server, jobs, healthClient } = await startTestServer();
  const statuses: number[] = [];
  const healthEnd = (async () => {
    for await (const { status } of healthClient.watch({ service: "readiness" })) statuses.push(status);
  })().catch((error: AppError) => error);
  const jobEnd = (async () => {
    for await (const _job of jobs.watchJob({ jobId: "1" })) {
      /* the first answer, then none */
    }
  })().catch((error: AppError) => error);
  await expect.poll(() => statuses.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const startMs = performance.now();
  await server.stop(20_000);
  expect(performance.now() - startMs).toBeLessThan(10_000);
  expect(await jobEnd).toMatchObject({ reason: "STOPPING", retryAfterMs: 500 });
  expect(await healthEnd).toMatchObject({ reason: "STOPPING" });
  expect(statuses[0]).toBe(1);
});

test("an unavailable dependency changes readiness only", async () => {
  const { health, healthClient } = await startTestServer();
  health.setNeed("broker", false);
  const status = async (service: string) => (await healthClient.check({ service })).status;
  expect([await status("startup"), await status("readiness"), await status("liveness"), await status("")]).toEqual([
    1, 2, 1, 2,
  ]);
});

test("a call without a server fails with SERVICE_UNAVAILABLE, also when it is repeated", async () => {
  const connection = connectRpc("127.0.0.1:1");
  onTestFinished(() => connection.close());
  await expect(
    connection.client(StorageServiceDefinition).statBlob({ sha256: "x" }, { repeat: true }),
  ).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});
