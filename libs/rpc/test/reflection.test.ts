import { StorageServiceDefinition } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { ServerReflectionService } from "nice-grpc-server-reflection";
import { ServerReflectionRequest } from "nice-grpc-server-reflection/lib/proto/grpc/reflection/v1/reflection_pb.js";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc, createHealth, startRpcServer } from "../src/index.ts";

test("reflection names the services of a process and gives their contracts", async () => {
  const health = createHealth();
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
    health,
    serviceNames: [StorageServiceDefinition.fullName],
    register() {},
  });
  const connection = connectRpc(server.address);
  onTestFinished(async () => {
    connection.close();
    await server.stop(100);
    health.close();
  });
  async function* requests() {
    yield new ServerReflectionRequest().setListServices("");
    yield new ServerReflectionRequest().setFileContainingSymbol(StorageServiceDefinition.fullName);
    yield new ServerReflectionRequest().setFileContainingSymbol("pixelmesh.no.Such");
  }
  const answers = [];
  for await (const answer of connection.client(ServerReflectionService).serverReflectionInfo(requests()))
    answers.push(answer.toObject());
  expect(answers[0]?.listServicesResponse?.serviceList.map(({ name }) => name)).toContain(
    "pixelmesh.storage.v1.StorageService",
  );
  const files =
    answers[1]?.fileDescriptorResponse?.fileDescriptorProtoList.map((file) =>
      Buffer.from(String(file), "base64").toString("latin1"),
    ) ?? [];
  expect(files.join()).toContain("PutBlobRequest");
  expect(answers[2]?.errorResponse?.errorCode).toBe(5);
});
