import { expect, test } from "vitest";
import { startGrpcReceiver, startHttpReceiver } from "../../telemetry/test/otlp/receiver.ts";
import { runTracedProgram } from "./run-traced-program.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const sampled = `00-${traceId}-${parentId}-01`;
const all = {
  PIXELMESH_TRACES_KEPT: "100%",
  PIXELMESH_TRACES_PER_SECOND: "1000",
  PIXELMESH_TRACES_SEND_EVERY: "100ms",
};

test.each([
  ["http/protobuf", startHttpReceiver, "/v1/traces"],
  ["http/json", startHttpReceiver, "/v1/traces"],
  ["grpc", startGrpcReceiver, "/opentelemetry.proto.collector.trace.v1.TraceService/Export"],
] as const)("%s: spans arrive with their ids, links, times, attributes and origin", async (protocol, start, path) => {
  await using receiver = await start();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol, ...all };
  await using program = await runTracedProgram(env);
  const [root] = await program.trace({ calls: 1, isFailing: true });
  const [inCaller] = await program.trace({ calls: 1, traceparent: sampled, tracestate: "vendor=a" });
  expect(await program.close()).toEqual({});
  expect(receiver.requests()[0]?.path).toBe(path);
  const spanOf = (id?: string) => receiver.spans().find(({ spanId }) => spanId === id);

  expect(receiver.spans().length).toBe(4);
  for (const traced of [root, inCaller]) {
    const [call, work] = [spanOf(traced?.callId), spanOf(traced?.workId)];
    expect([call?.traceId, work?.traceId]).toEqual([traced?.traceId, traced?.traceId]);
    expect(work?.parentSpanId).toBe(traced?.callId);
    expect([call?.name, call?.kind, work?.name, work?.kind]).toEqual(["pixelmesh.test/Call", 2, "work", 1]);
    expect(call?.attributes).toEqual({ "rpc.system.name": "grpc", "rpc.method": "pixelmesh.test/Call" });
    // Times lie within the program's own readings of the wall clock, which are whole milliseconds. 5 ms: its own drift.
    const inNs = (ms = 0, slackMs = 0) => BigInt(ms + slackMs) * 1_000_000n;
    const times = [inNs(traced?.fromUnixMs, -5), call?.startNs, work?.startNs, work?.endNs, call?.endNs];
    expect([...times, inNs(traced?.toUnixMs, 6)]).toEqual([...times, inNs(traced?.toUnixMs, 6)].toSorted(compare));
  }
  expect(spanOf(root?.callId)?.parentSpanId).toBe("");
  expect(spanOf(inCaller?.callId)).toMatchObject({ traceId, parentSpanId: parentId, traceState: "vendor=a" });
  expect(spanOf(root?.workId)).toMatchObject({ isError: true, events: ["tile"] });
  expect(spanOf(root?.workId)?.attributes).toEqual({ "pixelmesh.tiles": 3, "error.type": "INTERNAL" });
  expect(spanOf(inCaller?.workId)).toMatchObject({ isError: false, attributes: { "pixelmesh.tiles": 3 } });
  for (const span of receiver.spans()) {
    expect(span.schemaUrl).toBe("https://opentelemetry.io/schemas/1.45.0");
    expect(span.scope).toEqual(["pixelmesh", "1.2.3"]);
    expect(span.resource).toMatchObject({
      "service.name": "pixelmesh-effects",
      "service.instance.id": "7",
      "service.version": "1.2.3",
      "telemetry.sdk.language": "nodejs",
      "process.runtime.name": "nodejs",
    });
  }
});

const compare = (a = 0n, b = 0n) => (a < b ? -1 : a > b ? 1 : 0);

test("what the environment says of the service replaces what the mesh says", async () => {
  await using receiver = await startHttpReceiver();
  const resource = "deployment.environment.name=staging,service.version=9,service.name=ignored";
  const env = { OTEL_SERVICE_NAME: "pictures", OTEL_RESOURCE_ATTRIBUTES: resource };
  await using program = await runTracedProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...all, ...env });
  await program.trace({ calls: 1 });
  await program.close();
  expect(receiver.spans()[0]?.resource).toMatchObject({
    "service.name": "pictures",
    "service.version": "9",
    "service.instance.id": "7",
    "deployment.environment.name": "staging",
  });
});

test("an endpoint, a protocol and headers of traces alone are used instead of the common ones", async () => {
  await using unused = await startHttpReceiver();
  await using receiver = await startHttpReceiver();
  await using program = await runTracedProgram({
    OTEL_EXPORTER_OTLP_ENDPOINT: unused.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_HEADERS: "x-all=1",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/my/traces`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=Bearer%20t,x-tenant=a",
    ...all,
  });
  await program.trace({ calls: 1 });
  await program.close();
  expect(unused.requests()).toEqual([]);
  const [{ path, headers } = { path: "", headers: {} }] = receiver.requests();
  expect(path).toBe("/my/traces");
  expect(headers).toMatchObject({
    authorization: "Bearer t",
    "x-tenant": "a",
    "x-all": "1",
    "content-type": "application/json",
  });
  expect(receiver.spans().length).toBe(2);
});

test.each([
  ["no variable", {}],
  ["OTEL_TRACES_EXPORTER=none", { OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" }],
  ["OTEL_SDK_DISABLED=TRUE", { OTEL_SDK_DISABLED: "TRUE", OTEL_TRACES_EXPORTER: "otlp" }],
  ["OTEL_SDK_DISABLED=true", { OTEL_SDK_DISABLED: "true", OTEL_TRACES_EXPORTER: "console" }],
])("with %s nothing is exported and the SDK is not loaded", async (_, env) => {
  await using program = await runTracedProgram({ ...env, ...all });
  const [traced] = await program.trace({ calls: 1 });
  expect(traced?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(await program.close()).toEqual({});
  expect([program.isSdkLoaded, program.stdout(), program.log()]).toEqual([false, "", []]);
});

test("OTEL_TRACES_EXPORTER=console writes spans to standard output, also beside otlp", async () => {
  await using receiver = await startHttpReceiver();
  const env = { OTEL_TRACES_EXPORTER: "otlp,console", OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  await using program = await runTracedProgram({ ...env, ...all });
  const [traced] = await program.trace({ calls: 1 });
  await program.close();
  expect(program.isSdkLoaded).toBe(true);
  expect(program.stdout()).toContain(String(traced?.traceId));
  expect(receiver.spans().length).toBe(2);
});

test.each([
  [{ OTEL_TRACES_EXPORTER: "zipkin" }, "Expected `OTEL_TRACES_EXPORTER` to be a list of `otlp`, `console` or `none`"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "Expected `OTEL_EXPORTER_OTLP_ENDPOINT` to be a URL such as"],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: "http" },
    "Expected OTEL_EXPORTER_OTLP_PROTOCOL to be one of http/protobuf, http/json",
  ],
  [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http" }, "Expected `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` to be one of http/"],
  [{ OTEL_TRACES_SAMPLER: "jaeger_remote" }, "Expected OTEL_TRACES_SAMPLER to be one of pixelmesh, always_on"],
  [
    { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "10%" },
    "Expected `OTEL_TRACES_SAMPLER_ARG` to be a number from 0 to 1, got `10%`",
  ],
])("a wrong variable ends the process with a text that names it: %j", async (env, text) => {
  const settings: Record<string, string> = { OTEL_TRACES_EXPORTER: "otlp", ...env };
  await expect(runTracedProgram(settings)).rejects.toThrow(text);
});
