import { AppError } from "@pixelmesh/errors";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLogger } from "./logger.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function createTestLogger(level = "info") {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const rateLimits = { records: 50, details: 20, others: 5 };
  return { lines, log: createLogger({ service: "x", level, rateLimits }, destination) };
}

test("a few of many equal lines are written, and then the number of suppressed ones", () => {
  const { lines, log } = createTestLogger();
  for (let at = 0; at < 1_000; at++) log.warn({ at }, "away");
  log.error({}, "away");
  log.warn({}, "something else");
  expect(lines.map(({ msg }) => msg)).toEqual([...Array(5).fill("away"), "away", "something else"]);
  vi.advanceTimersByTime(10_000);
  expect(lines.at(-1)).toMatchObject({
    level: "warn",
    line: "away",
    suppressed: 995,
    msg: "equal log lines suppressed",
  });
  log.warn({}, "away");
  expect(lines.at(-1)).toMatchObject({ msg: "away" });
  const before = lines.length;
  vi.advanceTimersByTime(20_000);
  expect(lines.length).toBe(before);
});

test("lines about requests and jobs have their own limit at every level", () => {
  const { lines, log } = createTestLogger();
  for (let at = 0; at < 40; at++) log.info({ method: "m" }, "call");
  for (let at = 0; at < 40; at++) log.warn({ jobId: String(at) }, "step failed");
  expect(lines).toHaveLength(80);
  for (let at = 0; at < 100; at++) log.info({ method: "m" }, "call");
  expect(lines).toHaveLength(90);
});

test("an unbounded number of different messages fills neither memory nor log", () => {
  const { lines, log } = createTestLogger("debug");
  for (let at = 0; at < 5_000; at++) log.debug({}, `line ${at}`);
  expect(lines.length).toBeLessThanOrEqual(1_000 + 20);
  vi.advanceTimersByTime(10_000);
  expect(lines.at(-1)).toMatchObject({ suppressed: 5_000 - 1_020, msg: "equal log lines suppressed" });
});

test("an error is logged with type, reason, stack and causes, without user input", () => {
  const { lines, log } = createTestLogger();
  const cause = new Error("13 INTERNAL: Expected `x` to be less, got `se\ncret` and `more secr");
  Object.assign(cause, { details: "secret" });
  const fields = [{ field: "secret", description: "secret" }];
  const about = new AppError("INVALID_ARGUMENT", "Expected one of (secret), got `secret`", { cause, fields });
  const known = new AppError("OUTPUT_NOT_FOUND", "There are secret", { cause: about, metadata: { known: "secret" } });
  const error = new AppError("INTERNAL", "Expected `name` to be short, got `secret`", { cause: known });
  log.error({ err: error }, "unexpected failure");
  expect(JSON.stringify(lines)).not.toMatch(/se\S*cret|more secr/);
  expect(lines[0]?.err).toMatchObject({
    type: "AppError",
    reason: "INTERNAL",
    message: "Expected `…` to be short, got `…`",
    stack: expect.stringContaining("logger.test.ts"),
    cause: {
      reason: "OUTPUT_NOT_FOUND",
      message: "",
      cause: {
        reason: "INVALID_ARGUMENT",
        message: "",
        cause: { type: "Error", message: "13 INTERNAL: Expected `…` to be less, got `…` and `…`" },
      },
    },
  });
});

test("passwords and tokens in addresses are not logged in any field", () => {
  const { lines, log } = createTestLogger();
  const cause = new Error("connect to nats://user:hunter2@nats:4222 failed");
  const why = `GET https://host/x?token=hunter2 ${"x".repeat(3_000)}`;
  log.error({ err: new Error("broken", { cause }), why, natsUrl: `nats://u:${"hunter2".repeat(400)}@nats` }, "failed");
  expect(JSON.stringify(lines)).not.toContain("hunter2");
  expect(lines[0]).toMatchObject({
    natsUrl: "nats://********@nats",
    err: { cause: { message: expect.stringContaining("@nats:4222") } },
  });
});
