import { expect, test } from "vitest";
import { startHttpReceiver } from "../../telemetry/test/otlp/receiver.ts";
import { runTracedProgram } from "./run-traced-program.ts";

test("OTEL_LOGS_EXPORTER=otlp sends each log line besides, in its trace, and standard error has it too", async () => {
  await using receiver = await startHttpReceiver();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
  await using program = await runTracedProgram({
    OTEL_LOGS_EXPORTER: "otlp",
    OTEL_TRACES_SAMPLER: "always_on",
    ...env,
  });
  const [traced] = await program.trace({ calls: 1, isLogging: true });
  await program.close();
  expect(program.log().map(({ msg }) => msg)).toEqual(["worked", "broke"]);
  const common = {
    service: "pixelmesh-effects",
    schemaUrl: "https://opentelemetry.io/schemas/1.45.0",
    traceId: traced?.traceId,
    spanId: traced?.workId,
  };
  expect(receiver.logs()).toMatchObject([
    { ...common, severityNumber: 9, severityText: "info", body: "worked", attributes: { jobId: "j1", ms: 7 } },
    { ...common, severityNumber: 17, severityText: "error", body: "broke" },
  ]);
  expect(receiver.logs()[1]?.attributes).toEqual({
    "exception.type": "TypeError",
    "exception.message": "no",
    "exception.stacktrace": expect.stringContaining("traced-program.ts"),
  });
  for (const { timeNs } of receiver.logs())
    expect(Math.abs(Number(timeNs / 1_000_000n) - Date.now())).toBeLessThan(60_000);
});

test("log lines are sent without traces, and not sent unless the variable says so", async () => {
  await using receiver = await startHttpReceiver();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
  await using alone = await runTracedProgram({ ...env, OTEL_LOGS_EXPORTER: "otlp", OTEL_TRACES_EXPORTER: "none" });
  await alone.trace({ calls: 1, isLogging: true });
  await alone.close();
  expect([receiver.logs().length, receiver.spans().length]).toEqual([2, 0]);
  await using without = await runTracedProgram({ ...env, OTEL_TRACES_SAMPLER: "always_on" });
  await without.trace({ calls: 1, isLogging: true });
  await without.close();
  expect([receiver.logs().length, receiver.spans().length]).toEqual([2, 2]);
});

test("another exporter of logs ends the process with a text that names the variable", async () => {
  await expect(runTracedProgram({ OTEL_LOGS_EXPORTER: "console" })).rejects.toThrow(
    "Expected `OTEL_LOGS_EXPORTER` to be `otlp` or `none`, got `console`",
  );
});

test("a receiver that is away costs no log line of its own and no line on standard error", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT: "300" };
  await using program = await runTracedProgram({ ...env, OTEL_LOGS_EXPORTER: "otlp", OTEL_TRACES_EXPORTER: "none" });
  await program.trace({ calls: 1, isLogging: true });
  await program.close();
  expect(program.log().map(({ msg }) => msg)).toEqual(["worked", "broke"]);
});
