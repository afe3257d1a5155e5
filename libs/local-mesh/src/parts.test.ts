import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { restartDelayMs } from "./backoff.ts";
import { createErrorLines, toErrorText } from "./error-lines.ts";
import { openLogFile } from "./log-file.ts";
import { fixedPorts, portsFrom } from "./ports.ts";
import { toServiceEnv } from "./service-env.ts";

test("restarts wait 250 ms, then double, up to 10 s", () => {
  expect([1, 2, 3, 6, 7, 1_000].map(restartDelayMs)).toEqual([250, 500, 1_000, 8_000, 10_000, 10_000]);
});

test("a log keeps one file before the one it writes, both bounded, and knows its last words", () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-log-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const log = openLogFile(join(dir, "logs", "a.log"), { maxBytes: 100 });
  for (let i = 0; i < 50; i += 1) log.write(Buffer.from(`line ${String(i).padStart(2, "0")}\n`));
  log.close();
  log.write(Buffer.from("too late"));
  expect(statSync(log.path).size).toBeLessThanOrEqual(100);
  expect(statSync(`${log.path}.1`).size).toBeLessThanOrEqual(100);
  expect(readFileSync(`${log.path}.1`, "utf8") + readFileSync(log.path, "utf8")).toMatch(/line 48\nline 49\n$/);
  expect(log.tail().startsWith("line 00\n")).toBe(true);
});

test("error lines are found in a stream cut anywhere", () => {
  const lines =
    '{"level":"info","msg":"a"}\n{"level":"error","msg":"b ä","err":{"message":"c"}}\nplain\n{"level":"fatal","msg":"d"}\n';
  for (const size of [1, 3, 7, 1_000]) {
    const found: string[] = [];
    const read = createErrorLines((text) => found.push(text));
    const bytes = Buffer.from(lines);
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    expect(found).toEqual(["b ä: c", "d"]);
  }
});

test("what is no log line is no error line", () => {
  expect(['{"level":"warn","msg":"x"}', "{broken", "Error: no", ""].map(toErrorText)).toEqual(Array(4).fill(undefined));
});

test("fixed ports are the documented ones, or those of the variables", () => {
  expect(fixedPorts({}).ingest).toEqual({ grpc: 7400, health: 7500, metrics: 7600 });
  expect(fixedPorts({}).effects).toEqual({ grpc: 7405, health: 7505, metrics: 7605 });
  expect(fixedPorts({ PIXELMESH_STORAGE_GRPC_PORT: "9000" }).storage).toEqual({
    grpc: 9000,
    health: 7502,
    metrics: 7602,
  });
  expect(() => fixedPorts({ PIXELMESH_STORAGE_GRPC_PORT: "x" })).toThrow("Expected `PIXELMESH_STORAGE_GRPC_PORT`");
});

test("ports from a base lie as the documented ones do", () => {
  expect(portsFrom(7400)).toEqual(fixedPorts({}));
  expect(portsFrom(9000).effects).toEqual({ grpc: 9005, health: 9105, metrics: 9205 });
});

test("a service is told where everything is, whatever the caller's environment says", () => {
  const env = toServiceEnv(
    {
      PATH: "/bin",
      PIXELMESH_NATS_URL: "nats://elsewhere",
      PIXELMESH_MODELS_DIR: "/b:/a",
      PIXELMESH_LOG_LEVEL: "debug",
    },
    {
      host: "127.0.0.1",
      ports: fixedPorts({}),
      storeMaxBytes: 3 * 2 ** 30,
      natsUrl: "nats://here",
      blobsDir: "/d/blobs",
      scratchDir: "/d/scratch",
      modelsDirs: ["/a", "/c"],
    },
  );
  expect(env).toMatchObject({
    PATH: "/bin",
    PIXELMESH_NATS_URL: "nats://here",
    PIXELMESH_MODELS_DIR: "/a:/c:/b",
    PIXELMESH_LOG_LEVEL: "debug",
    PIXELMESH_STORAGE_ADDRESS: "127.0.0.1:7402",
    PIXELMESH_EFFECTS_METRICS_PORT: "7605",
    PIXELMESH_STORAGE_DIR: "/d/blobs",
    PIXELMESH_INSTANCE: "0",
  });
});
