import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { type Behaviour, startHttpReceiver } from "../../telemetry/test/otlp/receiver.ts";
import { runTracedProgram, type TracedProgram } from "./run-traced-program.ts";

const all = { OTEL_TRACES_SAMPLER: "always_on", PIXELMESH_TRACES_SEND_EVERY: "100ms" };

/** A loopback address that nothing listens on: a port that was free a moment ago. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** The program's log lines about spans: level and message. */
const lines = (program: TracedProgram) => program.log().map(({ level, msg }) => [level, msg]);
const lossLine = ["warn", "spans are lost: the receiver of traces does not take them"];

test("an endpoint without a receiver costs one warning, and every lost span is counted", async () => {
  // The time-out ends the exporter's own retries.
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: await deadUrl(), OTEL_EXPORTER_OTLP_TIMEOUT: "300", ...all };
  await using program = await runTracedProgram(env);
  for (let round = 0; round < 3; round++) {
    await program.trace({ calls: 10 });
    await expect.poll(() => lines(program)).toContainEqual(lossLine);
  }
  expect(await program.close()).toEqual({ not_sent: 60 });
  expect(lines(program)).toEqual([lossLine]);
});

test("a receiver that answers too late loses spans as one that refuses them does, and the log says when it takes them again", async () => {
  const behaviour: Behaviour = { delayMs: 60_000 };
  await using receiver = await startHttpReceiver(behaviour);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "300", ...all };
  await using program = await runTracedProgram(env);
  await program.trace({ calls: 1 });
  await expect.poll(() => lines(program)).toEqual([lossLine]);
  behaviour.delayMs = 0;
  behaviour.status = 400;
  const refused = receiver.requests().length;
  await program.trace({ calls: 1 });
  await expect.poll(() => receiver.requests().length).toBeGreaterThan(refused);
  behaviour.status = 200;
  await program.trace({ calls: 1 });
  await expect.poll(() => lines(program)).toEqual([lossLine, ["info", "spans are sent again"]]);
  // The second trace may have waited for the end of the first request and been sent with the third.
  const { not_sent: lost = 0 } = await program.close();
  expect(lost + receiver.spans().length).toBe(6);
});

test("spans beyond the queue are counted, and the others arrive", async () => {
  await using receiver = await startHttpReceiver();
  const limits = {
    OTEL_BSP_MAX_QUEUE_SIZE: "10",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
    OTEL_BSP_SCHEDULE_DELAY: "60000",
  };
  await using program = await runTracedProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...all, ...limits });
  await program.trace({ calls: 50 });
  const { queue_full: lost = 0, ...others } = await program.close();
  expect(others).toEqual({});
  expect(lost).toBeGreaterThan(0);
  expect(lost + receiver.spans().length).toBe(100);
  expect(lines(program)[0]).toEqual(lossLine);
});

test("the end of a process sends what waits", async () => {
  await using receiver = await startHttpReceiver();
  const waiting = { OTEL_BSP_SCHEDULE_DELAY: "3600000" };
  await using program = await runTracedProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...all, ...waiting });
  await program.trace({ calls: 3 });
  expect(receiver.requests()).toEqual([]);
  expect(await program.close()).toEqual({});
  expect(receiver.spans().length).toBe(6);
});

test("a receiver that never answers does not keep a process from ending", async () => {
  await using receiver = await startHttpReceiver({ delayMs: 3_600_000 });
  // The exporter alone would wait for an hour.
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT: "3600000", ...all };
  await using program = await runTracedProgram(env);
  await program.trace({ calls: 1 });
  await program.close();
});
