import { connect } from "node:http2";
import type { AppError } from "@pixelmesh/errors";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { ServerReflectionService } from "nice-grpc-server-reflection";
import { ServerReflectionRequest } from "nice-grpc-server-reflection/lib/proto/grpc/reflection/v1/reflection_pb.js";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc, createHealth, HealthDefinition, startRpcServer } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

// grpc.health.v1.HealthCheckResponse.ServingStatus
const serving = 1;
const notServing = 2;
const serviceUnknown = 3;
const storageName = "pixelmesh.storage.v1.StorageService";

async function startTestServer() {
  const { server, health } = await startFakeStorage({}, { serviceNames: [StorageServiceDefinition.fullName] });
  const connection = connectRpc(server.address);
  onTestFinished(connection.close);
  return { server, health, client: connection.client(HealthDefinition), connection };
}

test("full service names have the status of readiness", async () => {
  const { health, client } = await startTestServer();
  const names = ["", "readiness", storageName, "grpc.health.v1.Health"];
  const read = () => Promise.all(names.map(async (service) => (await client.check({ service })).status));
  expect(await read()).toEqual(names.map(() => serving));
  health.setNeed("broker", false);
  expect(await read()).toEqual(names.map(() => notServing));
});

test.each(["nothing", "pixelmesh.jobs.v1.JobService", "Readiness", storageName.toLowerCase(), "x".repeat(300_000)])(
  "an unknown name is NOT_FOUND, with the known names: %.40s",
  async (service) => {
    const { client } = await startTestServer();
    const error = await client.check({ service }).catch((caught: AppError) => caught);
    expect(error).toMatchObject({ reason: "UNKNOWN_SERVICE", cause: { code: 5 } });
    expect((error as AppError).metadata.known).toContain(storageName);
    expect((error as AppError).message.length).toBeLessThan(500);
  },
);

test("a watch of an unknown name sends SERVICE_UNKNOWN, stays open, and sends the status once the name is known", async () => {
  const { health, client } = await startTestServer();
  const statuses: number[] = [];
  const watch = (async () => {
    for await (const { status } of client.watch({ service: "pixelmesh.jobs.v1.JobService" })) statuses.push(status);
  })().catch((error: AppError) => error);
  await expect.poll(() => statuses).toEqual([serviceUnknown]);
  health.setNeed("broker", false);
  health.addServices(["pixelmesh.jobs.v1.JobService"]);
  await expect.poll(() => statuses).toEqual([serviceUnknown, notServing]);
  health.setNeed("broker", true);
  await expect.poll(() => statuses).toEqual([serviceUnknown, notServing, serving]);
  health.setStopping();
  await expect.poll(() => statuses.at(-1)).toBe(notServing);
  void watch;
});

test("watches above the limit are refused with RESOURCE_EXHAUSTED and RetryInfo, until one ends", async () => {
  const health = createHealth(20);
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    health,
    metrics: createMetrics("test", "0"),
    serviceNames: [],
    register() {},
    log: createLogger({ service: "test", level: "silent" }),
  });
  const connection = connectRpc(server.address);
  onTestFinished(async () => {
    connection.close();
    await server.stop(100);
    health.close();
  });
  const client = connection.client(HealthDefinition);
  const stops: AbortController[] = [];
  let open = 0;
  const refused: AppError[] = [];
  const watch = async () => {
    const stop = new AbortController();
    try {
      for await (const _ of client.watch({ service: "" }, { signal: stop.signal })) {
        stops.push(stop);
        open += 1;
      }
    } catch (error) {
      if (!stop.signal.aborted) refused.push(error as AppError);
    }
  };
  for (let at = 0; at < 50; at++) void watch();
  await expect.poll(() => open + refused.length).toBe(50);
  expect(open).toBe(20);
  for (const error of refused)
    expect(error).toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 5_000, cause: { code: 8 } });
  stops[0]?.abort();
  await expect
    .poll(async () => {
      void watch();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return open;
    })
    .toBe(21);
  for (const stop of stops) stop.abort();
});

test("reflection lists health and describes health and the errors of google.rpc", async () => {
  const { connection } = await startTestServer();
  const symbols = [
    "grpc.health.v1.Health",
    "grpc.health.v1.HealthCheckResponse.ServingStatus",
    "google.rpc.ErrorInfo",
    "google.rpc.BadRequest.FieldViolation",
    "google.rpc.RetryInfo",
    "google.rpc.Status",
    "pixelmesh.errors.v1.ErrorReason",
    "google.protobuf.Any",
    "google.protobuf.Duration",
  ];
  async function* requests() {
    yield new ServerReflectionRequest().setListServices("");
    for (const symbol of symbols) yield new ServerReflectionRequest().setFileContainingSymbol(symbol);
  }
  const answers = [];
  for await (const answer of connection.client(ServerReflectionService).serverReflectionInfo(requests()))
    answers.push(answer.toObject());
  expect(answers[0]?.listServicesResponse?.serviceList.map(({ name }) => name)).toEqual([
    storageName,
    "grpc.health.v1.Health",
  ]);
  expect(answers.slice(1).map(({ errorResponse }) => errorResponse?.errorMessage)).toEqual(
    symbols.map(() => undefined),
  );
});

test("a server without reflection answers UNIMPLEMENTED", async () => {
  const { server } = await startFakeStorage({}, { isReflected: false });
  const session = connect(`http://${server.address}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end();
  const head = await new Promise<Record<string, unknown>>((resolve) => stream.once("response", resolve));
  expect(head["grpc-status"]).toBe("12");
});

test("a process that waits for a dependency counts as started, and is not ready", async () => {
  const health = createHealth();
  onTestFinished(health.close);
  const statusOf = async (service: string) =>
    (await health.implementation.check({ service } as never, {} as never)).status;
  expect(await statusOf("startup")).toBe(notServing);
  health.setNeed("broker", false);
  expect([await statusOf("startup"), await statusOf("readiness")]).toEqual([serving, notServing]);
  health.setNeed("broker", true);
  expect(await statusOf("startup")).toBe(notServing);
  health.setStarted();
  expect([await statusOf("startup"), await statusOf("readiness")]).toEqual([serving, serving]);
});
