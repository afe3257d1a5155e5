import { type Bus, listDeadLetters } from "@pixelmesh/bus";
import { createUrlGuard, parseHostRules, postToUrl } from "@pixelmesh/guarded-fetch";
import { CallbackEntry, CallbackState } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { startHttpReceiver } from "@pixelmesh/testing/processes";
import { expect, onTestFinished, test } from "vitest";
import { startTestBus } from "../../../libs/bus/test/start-test-bus.ts";
import { startCallbackSender } from "../src/callbacks/callback-sender.ts";
import { type CallbackStore, openCallbackStore } from "../src/callbacks/callback-store.ts";
import { startCallbackEvictor } from "../src/callbacks/evict-callbacks.ts";
import { retryStored } from "../src/callbacks/retry-stored.ts";
import { createJobId } from "../src/domain/job-id.ts";
import { signCallback } from "../src/domain/sign-callback.ts";

// A real broker and real receivers. The clock is the test's: it stands still between attempts, however slow the machine is.

const minute = 60_000;
const hour = 60 * minute;
const retryAfterMs = [5_000, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour];
const startUnixMs = Date.parse("2026-01-01T00:00:00Z");
const log = createLogger({ service: "test", level: "silent" });

function createClock() {
  let nowUnixMs = startUnixMs;
  return {
    nowUnixMs: () => nowUnixMs,
    random: () => 0.5,
    goTo: (unixMs: number) => {
      nowUnixMs = unixMs;
    },
  };
}

let jobs = 0;
function entryOf(url: string, more: Partial<CallbackEntry> = {}): CallbackEntry {
  const random = Buffer.alloc(16, ++jobs);
  return CallbackEntry.fromPartial({
    jobId: createJobId(startUnixMs + jobs, random, { tenant: "t", requestId: "" }),
    tenant: "t",
    url,
    body: Buffer.from('{"type":"job.succeeded"}'),
    state: CallbackState.PENDING,
    endedUnixMs: startUnixMs,
    queuedUnixMs: startUnixMs,
    nextAttemptUnixMs: startUnixMs,
    ...more,
  });
}

async function startSender(
  bus: Bus,
  callbacks: CallbackStore,
  hosts: readonly string[],
  timeoutMs = 1_500,
  held = true,
) {
  const clock = createClock();
  const metrics = createMetrics("ingest", "0");
  const lease = { held, isHeld: () => lease.held };
  const guard = createUrlGuard({
    field: "callback_url",
    hosts: parseHostRules("HOSTS", []),
    privateHosts: parseHostRules("PRIVATE", hosts),
    allowHttp: true,
  });
  const timeouts = { connectMs: timeoutMs, firstByteMs: timeoutMs, stallMs: timeoutMs };
  const sender = startCallbackSender({
    base: { bus, log, metrics },
    callbacks,
    lease,
    clock,
    retryAfterMs,
    send: ({ jobId, url, body }, signal) =>
      postToUrl({ guard, timeouts, lookup: async () => ["127.0.0.1"] }, url, {
        headers: { ...signCallback(jobId, body, clock.nowUnixMs(), [Buffer.alloc(32, 1)]) },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(10 * timeoutMs)]),
      }),
  });
  onTestFinished(sender.close);
  return { clock, metrics, lease, sender };
}

async function open(respond: Parameters<typeof startHttpReceiver>[0]) {
  const { bus, connectAnother } = await startTestBus();
  const receiver = await startHttpReceiver(respond);
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  return { bus, connectAnother, receiver, callbacks: await openCallbackStore(bus) };
}

const stateOf = async (callbacks: CallbackStore, key: CallbackEntry) => (await callbacks.find(key))?.entry;

test("a failing receiver is called eight times at the times of the schedule, then the callback is a dead letter", async () => {
  const { bus, receiver, callbacks } = await open((_, response) => response.writeHead(500).end());
  const entry = entryOf(receiver.url("/hook"));
  await callbacks.create(entry);
  const { clock } = await startSender(bus, callbacks, [receiver.host]);
  const dueAt: number[] = [];
  for (let attempt = 1; attempt <= 8; attempt++) {
    await expect.poll(async () => (await stateOf(callbacks, entry))?.attempts).toBe(attempt);
    const { state, nextAttemptUnixMs } = (await stateOf(callbacks, entry)) as CallbackEntry;
    expect([receiver.calls.length, state]).toEqual([
      attempt,
      attempt < 8 ? CallbackState.PENDING : CallbackState.FAILED,
    ]);
    dueAt.push(clock.nowUnixMs() - startUnixMs);
    if (attempt === 8) break;
    // A second before it is due, it is not made. The sender looks at its queue every second.
    clock.goTo(nextAttemptUnixMs - 1_000);
    await new Promise((next) => setTimeout(next, 1_100));
    expect(receiver.calls.length).toBe(attempt);
    clock.goTo(nextAttemptUnixMs);
  }
  expect(dueAt).toEqual([0, 5_000, 305_000, 2_105_000, 9_305_000, 27_305_000, 63_305_000, 99_305_000]);
  const ids = receiver.calls.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids)).toEqual(new Set([entry.jobId]));
  const stamps = receiver.calls.map(({ headers }) => Number(headers["webhook-timestamp"]) * 1_000 - startUnixMs);
  expect(stamps).toEqual(dueAt);

  const letters = await listDeadLetters(bus, { tenants: ["t"] }, 1, 10);
  expect(letters.map(({ reason, subject }) => [reason, subject])).toEqual([
    ["CALLBACK_FAILED", `callbacks.t.${entry.jobId}`],
  ]);
  // A replay begins with the first attempt, under the same id.
  receiver.respond = (_, response) => response.end();
  await retryStored(callbacks, entry);
  clock.goTo(Date.now() + minute);
  await expect.poll(async () => (await stateOf(callbacks, entry))?.state).toBe(CallbackState.DELIVERED);
  expect(receiver.calls.at(-1)?.headers["webhook-id"]).toBe(entry.jobId);
});

test("status 410 ends a callback, Retry-After delays it, redirects, timeouts and closed connections fail", async () => {
  const { bus, receiver, callbacks } = await open(({ path }, response) => {
    if (path === "/gone") response.writeHead(410).end();
    else if (path === "/busy") response.writeHead(429, { "retry-after": "120" }).end();
    else if (path === "/moved") response.writeHead(307, { location: "/ok" }).end();
    else if (path === "/closes") response.destroy();
    else if (path === "/silent") return;
    else response.end("x".repeat(100_000));
  });
  const entries = ["/gone", "/busy", "/moved", "/closes", "/silent", "/ok"].map((path) => entryOf(receiver.url(path)));
  for (const entry of entries) await callbacks.create(entry);
  const refused = entryOf("http://169.254.169.254/latest/");
  await callbacks.create(refused);
  const { metrics } = await startSender(bus, callbacks, [receiver.host]);
  for (const entry of [...entries, refused])
    await expect.poll(async () => (await stateOf(callbacks, entry))?.attempts, { timeout: 30_000 }).toBe(1);
  const found = await Promise.all([...entries, refused].map((entry) => stateOf(callbacks, entry)));
  const { PENDING, FAILED, DELIVERED } = CallbackState;
  expect(
    found.map((entry) => [entry?.state, entry?.lastStatus, (entry?.nextAttemptUnixMs || startUnixMs) - startUnixMs]),
  ).toEqual([
    [FAILED, 410, 0],
    [PENDING, 429, 120_000],
    [PENDING, 307, 5_000],
    [PENDING, 0, 5_000],
    [PENDING, 0, 5_000],
    [DELIVERED, 200, 0],
    [PENDING, 0, 5_000],
  ]);
  expect(found.map((entry) => entry?.lastError)).toEqual([
    "HTTP status 410",
    "HTTP status 429",
    "HTTP status 307",
    "its server closed the connection",
    "no answer in time",
    "",
    expect.stringContaining("Expected `callback_url` to name an allowed host"),
  ]);
  expect(receiver.calls.filter(({ path }) => path === "/ok")).toHaveLength(1);
  const page = (await metrics.page()).text;
  expect(page).toMatch(/pixelmesh_callback_attempts_total\{.*outcome="delivered".*\} 1$/m);
  expect(page).toMatch(/pixelmesh_callback_attempts_total\{.*outcome="gone".*\} 1$/m);
  expect(page).toMatch(/pixelmesh_callback_attempts_total\{.*outcome="failed".*\} 5$/m);
  await expect.poll(async () => (await metrics.page()).text).toMatch(/pixelmesh_callbacks_pending(\{.*\})? 5$/m);
});

test("two hundred callbacks to a receiver that does not answer delay no other receiver", async () => {
  const { bus, receiver: dead, callbacks } = await open(() => {});
  const live = await startHttpReceiver((_, response) => response.end());
  onTestFinished(() => live[Symbol.asyncDispose]());
  for (let at = 0; at < 200; at++) await callbacks.create(entryOf(dead.url(`/${at}`)));
  const own = Array.from({ length: 20 }, (_, at) =>
    entryOf(live.url(`/${at}`), { nextAttemptUnixMs: startUnixMs + 1 }),
  );
  for (const entry of own) await callbacks.create(entry);
  // The dead receiver holds its connections for as long as this test runs.
  const { clock } = await startSender(bus, callbacks, [dead.host, live.host], 120_000);
  clock.goTo(startUnixMs + 10);
  await expect.poll(() => live.calls.length).toBe(20);
  for (const entry of own)
    await expect.poll(async () => (await stateOf(callbacks, entry))?.state).toBe(CallbackState.DELIVERED);
  expect(dead.calls.length).toBeLessThanOrEqual(8);
});

test("only the replica that holds the lease makes callbacks, and the next one takes over what is due", async () => {
  const { bus, connectAnother, receiver, callbacks } = await open((_, response) => response.end());
  const other = await connectAnother();
  const first = await startSender(bus, callbacks, [receiver.host]);
  const second = await startSender(other, await openCallbackStore(other), [receiver.host], 1_500, false);
  await callbacks.create(entryOf(receiver.url("/1")));
  await expect.poll(() => receiver.calls.length).toBe(1);
  first.lease.held = false;
  await expect.poll(() => first.sender.queue.finished().length).toBe(0);
  const waiting = entryOf(receiver.url("/2"));
  await callbacks.create(waiting);
  await new Promise((next) => setTimeout(next, 1_500));
  expect(receiver.calls.length).toBe(1);
  second.lease.held = true;
  await expect.poll(async () => (await stateOf(callbacks, waiting))?.state).toBe(CallbackState.DELIVERED);
  expect(receiver.calls.map(({ path }) => path)).toEqual(["/1", "/2"]);
});

test("a sender that stops leaves its running attempts pending, and another makes them again under the same id", async () => {
  const { bus, receiver, callbacks } = await open(() => {});
  const entry = entryOf(receiver.url("/slow"));
  await callbacks.create(entry);
  const { sender } = await startSender(bus, callbacks, [receiver.host], 60_000);
  await expect.poll(() => receiver.calls.length).toBe(1);
  await sender.close();
  expect(await stateOf(callbacks, entry)).toMatchObject({ state: CallbackState.PENDING, attempts: 0 });
  receiver.respond = (_, response) => response.end();
  await startSender(bus, callbacks, [receiver.host]);
  await expect.poll(async () => (await stateOf(callbacks, entry))?.state).toBe(CallbackState.DELIVERED);
  expect(receiver.calls.map(({ headers }) => headers["webhook-id"])).toEqual([entry.jobId, entry.jobId]);
});

test("a callback whose entry is removed, or changed while its attempt runs, is not made in a loop", async () => {
  const answers: (() => void)[] = [];
  const { bus, receiver, callbacks } = await open((_, response) => void answers.push(() => response.end()));
  let finds = 0;
  const counted: CallbackStore = {
    ...callbacks,
    find(key) {
      finds += 1;
      return callbacks.find(key);
    },
  };
  const removed = entryOf(receiver.url("/removed"), { nextAttemptUnixMs: startUnixMs + hour });
  const changed = entryOf(receiver.url("/changed"));
  await callbacks.create(removed);
  await callbacks.create(changed);
  const { clock, sender } = await startSender(bus, counted, [receiver.host], 60_000);
  await expect.poll(() => answers.length).toBe(1);
  await retryStored(callbacks, changed);
  await callbacks.remove(removed, Number.MAX_SAFE_INTEGER - 1);
  answers[0]?.();
  clock.goTo(Date.now() + hour);
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.();
  await expect.poll(async () => (await stateOf(callbacks, changed))?.state).toBe(CallbackState.DELIVERED);
  await expect.poll(() => sender.queue.pending().count).toBe(0);
  expect(receiver.calls.map(({ path }) => path)).toEqual(["/changed", "/changed"]);
  expect(finds).toBeLessThan(10);
});

test("a full bucket loses its oldest finished callbacks and no pending one", async () => {
  const { bus, receiver, callbacks } = await open((_, response) => response.end());
  const { config } = await bus.jsm.streams.info("KV_callbacks");
  // A bound of 512 KiB and the reserve above it.
  await bus.jsm.streams.update("KV_callbacks", { ...config, max_bytes: 1024 * 1024 });
  const body = Buffer.alloc(16 * 1024, "a");
  const pending = [1, 2, 3].map(() => entryOf("http://later.test/", { body, nextAttemptUnixMs: startUnixMs + hour }));
  for (const entry of pending) await callbacks.create(entry);
  const finished = Array.from({ length: 30 }, (_, at) =>
    entryOf(receiver.url("/"), {
      body,
      state: CallbackState.DELIVERED,
      nextAttemptUnixMs: 0,
      endedUnixMs: startUnixMs + at,
    }),
  );
  for (const entry of finished) await callbacks.create(entry);
  const { sender, lease, metrics } = await startSender(bus, callbacks, [receiver.host]);
  const evictor = startCallbackEvictor({ base: { bus, log, metrics }, callbacks, queue: sender.queue, lease });
  onTestFinished(evictor.close);
  await expect.poll(async () => (await callbacks.list("t")).length, { timeout: 30_000 }).toBeLessThan(28);
  const left = new Set(await callbacks.list("t"));
  for (const { jobId } of pending) expect(left.has(jobId)).toBe(true);
  const kept = finished.map(({ jobId }) => left.has(jobId));
  expect(kept).toEqual([...kept].sort((a, b) => Number(a) - Number(b)));
  expect(kept.at(-1)).toBe(true);
});
