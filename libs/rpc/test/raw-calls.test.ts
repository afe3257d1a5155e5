import { connect as connectHttp2 } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";
import { AppError } from "@pixelmesh/errors";
import { GetBlobRequest, GetBlobResponse, StorageServiceDefinition } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  type CallContext,
  connectRaw,
  createHealth,
  type GeneratedService,
  type RpcServerOptions,
  startRpcServer,
  toRawService,
} from "../src/index.ts";

const mib = 1024 * 1024;
const { fullName } = StorageServiceDefinition;
const paths = { getBlob: `/${fullName}/GetBlob`, putBlob: `/${fullName}/PutBlob` };

type Handler = (request: never, context: CallContext) => unknown;

/** Starts a server of a raw service: its handlers get and return bytes. The others throw. */
async function startRawServer(
  handlers: Readonly<Record<string, Handler>>,
  options: Partial<RpcServerOptions> = {},
): Promise<string> {
  const service = StorageServiceDefinition as GeneratedService;
  const unused = async () => {
    throw new AppError("INTERNAL", "not used in this test");
  };
  async function* unusedStream() {}
  const all = Object.entries(service.methods).map(([key, { responseStream }]) => [
    key,
    handlers[key] ?? (responseStream ? unusedStream : unused),
  ]);
  const health = createHealth();
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
    health,
    serviceNames: [],
    ...options,
    register: (it) => {
      it.add(toRawService(service), Object.fromEntries(all) as never);
    },
  });
  onTestFinished(async () => {
    health.close();
    await server.stop(100);
  });
  return server.address;
}

function connect(address: string, options: Parameters<typeof connectRaw>[1] = {}) {
  const connection = connectRaw(address, options);
  onTestFinished(connection.close);
  const { signal } = new AbortController();
  return (path: string, requests: AsyncIterable<Uint8Array>, given: AbortSignal = signal) =>
    connection.call({ path, requests, signal: given, timeoutMs: 20_000, service: "storage" });
}

async function* one(bytes: Uint8Array) {
  yield bytes;
}

const sha256 = "ab".repeat(32);
const request = GetBlobRequest.encode(GetBlobRequest.fromPartial({ sha256 })).finish();
const response = (value: Uint8Array) =>
  GetBlobResponse.encode(GetBlobResponse.fromPartial({ part: { $case: "chunk", value } })).finish();

test("messages pass as they were encoded, in their order", async () => {
  const seen: Uint8Array[] = [];
  const sent = [Uint8Array.of(1), Uint8Array.of(2, 3)].map(response);
  const call = connect(
    await startRawServer({
      async *getBlob(bytes: Uint8Array) {
        seen.push(bytes);
        yield* sent;
      },
    }),
  );
  const received = await Array.fromAsync(call(paths.getBlob, one(request)));
  expect(received.map((bytes) => [...bytes])).toEqual(sent.map((bytes) => [...bytes]));
  expect(seen.map((bytes) => [...bytes])).toEqual([[...request]]);
});

test("an error of the server has its reason, text, fields, metadata and RetryInfo", async () => {
  const error = {
    reason: "QUEUE_FULL",
    message: "full",
    metadata: { known: "a" },
    fields: [{ field: "a.b", description: "c" }],
    retryAfterMs: 1_500,
  } as const;
  const call = connect(
    await startRawServer({
      // biome-ignore lint/correctness/useYield: it only refuses.
      async *getBlob() {
        const { reason, message, ...details } = error;
        throw new AppError(reason, message, details);
      },
    }),
  );
  await expect(Array.fromAsync(call(paths.getBlob, one(request)))).rejects.toMatchObject(error);
});

test("a method that an older server does not have is METHOD_UNIMPLEMENTED", async () => {
  const call = connect(await startRawServer({}));
  await expect(Array.fromAsync(call(`/${fullName}/Newer`, one(request)))).rejects.toMatchObject({
    reason: "METHOD_UNIMPLEMENTED",
  });
});

test("without a process that answers, the service is named and no address is", async () => {
  const failing = Array.fromAsync(connect("127.0.0.1:1")(paths.getBlob, one(request)));
  const error = (await failing.catch((caught: unknown) => caught)) as AppError;
  expect(error).toMatchObject({ reason: "SERVICE_UNAVAILABLE", metadata: { service: "storage" }, retryAfterMs: 1_000 });
  expect(error.message).toContain("storage");
  expect(error.message).not.toContain("127.0.0.1");
});

test("a slow handler slows down the sender: the server reads 2 requests ahead", async () => {
  const taken = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  let count = 0;
  const call = connect(
    await startRawServer({
      async putBlob(requests: AsyncIterable<Uint8Array>) {
        for await (const _ of requests) {
          count += 1;
          taken.resolve();
          await go.promise;
        }
        return new Uint8Array(0);
      },
    }),
  );
  let sent = 0;
  async function* requests() {
    for (; sent < 30; sent += 1) yield response(new Uint8Array(mib));
  }
  const done = Array.fromAsync(call(paths.putBlob, requests()));
  await taken.promise;
  await sleep(500);
  // One is being handled, 2 are read ahead, one is in the window of HTTP/2, and grpc-js keeps one in case it must send it again.
  expect(sent).toBeLessThanOrEqual(6);
  go.resolve();
  await done;
  expect(count).toBe(30);
});

test("compressed requests are decompressed when they are read, not all that arrive together", async () => {
  const createGunzip = vi.spyOn(zlib, "createGunzip");
  onTestFinished(() => createGunzip.mockRestore());
  const go = Promise.withResolvers<void>();
  const sizes: number[] = [];
  const address = await startRawServer({
    async putBlob(requests: AsyncIterable<Uint8Array>) {
      for await (const { length } of requests) {
        sizes.push(length);
        await go.promise;
      }
      return new Uint8Array(0);
    },
  });
  const session = connectHttp2(`http://${address}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": paths.putBlob,
    "content-type": "application/grpc",
    "grpc-encoding": "gzip",
    te: "trailers",
  });
  const ended = new Promise<Record<string, unknown>>((resolve) => stream.once("trailers", resolve));
  stream.resume();
  const whole = response(new Uint8Array(mib));
  const packed = zlib.gzipSync(whole);
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(packed.length, 1);
  // About a KiB each: all are in one frame of 16 KiB.
  expect(packed.length).toBeLessThan(1_200);
  stream.end(Buffer.concat(Array.from({ length: 12 }, () => [prefix, packed]).flat()));
  await expect.poll(() => sizes).toHaveLength(1);
  await sleep(200);
  // One is being handled, 2 are read ahead, and one is to be read next.
  expect(createGunzip.mock.calls.length).toBeLessThanOrEqual(4);
  go.resolve();
  expect(await ended).toMatchObject({ "grpc-status": "0" });
  expect(sizes).toEqual(Array.from({ length: 12 }, () => whole.length));
});

test("a slow reader slows down the handler", async () => {
  let made = 0;
  const call = connect(
    await startRawServer({
      async *getBlob() {
        for (; made < 40; made += 1) yield response(new Uint8Array(mib / 4));
      },
    }),
    { streamWindowBytes: 512 * 1024 },
  );
  const reading = call(paths.getBlob, one(request));
  await reading.next();
  await sleep(500);
  // 512 KiB are in the window, and two responses of 256 KiB in the server.
  expect(made).toBeLessThanOrEqual(6);
  let read = 1;
  for await (const _ of reading) read += 1;
  expect(read).toBe(40);
});

test("the call is cancelled when its signal is aborted, and when its consumer stops reading", async () => {
  let cancelled = 0;
  const call = connect(
    await startRawServer({
      async *getBlob(_request: Uint8Array, { signal }: CallContext) {
        signal.addEventListener("abort", () => {
          cancelled += 1;
        });
        for (;;) {
          yield response(Uint8Array.of(1));
          await sleep(10);
        }
      },
    }),
  );
  for await (const _ of call(paths.getBlob, one(request))) break;
  await expect.poll(() => cancelled).toBe(1);
  const stop = new AbortController();
  const reading = call(paths.getBlob, one(request), stop.signal);
  await reading.next();
  stop.abort();
  await expect(Array.fromAsync(reading)).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(() => cancelled).toBe(2);
});

test("a failure of the requests fails the call with it", async () => {
  const call = connect(
    await startRawServer({
      async putBlob(requests: AsyncIterable<Uint8Array>) {
        await Array.fromAsync(requests);
        return new Uint8Array(0);
      },
    }),
  );
  async function* requests() {
    yield request;
    throw new AppError("QUEUE_FULL", "no memory", { retryAfterMs: 10 });
  }
  await expect(Array.fromAsync(call(paths.putBlob, requests()))).rejects.toMatchObject({ message: "no memory" });
});

test("a call that its own side fails is counted with that status, not as cancelled", async () => {
  const metrics = createMetrics("test", "0");
  const call = connect(await startRawServer({ putBlob: () => new Promise(() => {}) }), { metrics });
  // biome-ignore lint/correctness/useYield: it only fails.
  async function* requests(): AsyncGenerator<Uint8Array> {
    throw new AppError("QUEUE_FULL", "no memory", { retryAfterMs: 10 });
  }
  await expect(Array.fromAsync(call(paths.putBlob, requests()))).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  const stop = new AbortController();
  const late = Array.fromAsync(call(paths.putBlob, (async function* () {})(), stop.signal));
  stop.abort(new AppError("DEADLINE_EXCEEDED", "too late"));
  await expect(late).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  const { text } = await metrics.page();
  const statuses = [...text.matchAll(/^rpc_client_call_duration_seconds_count\{.*status_code="(\w+)".*\} (\d+)$/gm)];
  expect(statuses.map(([, status, count]) => `${status} ${count}`).sort()).toEqual([
    "DEADLINE_EXCEEDED 1",
    "RESOURCE_EXHAUSTED 1",
  ]);
});

test("no call fails when connections end at their maximum age", async () => {
  const handlers = {
    async *getBlob(bytes: Uint8Array) {
      yield bytes;
    },
    async putBlob(requests: AsyncIterable<Uint8Array>) {
      for await (const _ of requests);
      return new Uint8Array(0);
    },
  };
  const call = connect(await startRawServer(handlers, { maxConnectionAgeMs: 200 }));
  async function* body() {
    yield request;
    await sleep(1);
    yield response(new Uint8Array(100_000));
  }
  // 15 ages of a connection at least, and enough calls that many meet the end of one, also on a slow machine.
  const untilMs = performance.now() + 3_000;
  let calls = 0;
  const work = async (open: () => AsyncIterable<Uint8Array>, path: string) => {
    for (; performance.now() < untilMs || calls < 500; calls += 1)
      expect(await Array.fromAsync(call(path, open()))).toHaveLength(1);
  };
  await Promise.all([
    ...Array.from({ length: 8 }, () => work(() => one(request), paths.getBlob)),
    ...Array.from({ length: 8 }, () => work(body, paths.putBlob)),
  ]);
  expect(calls).toBeGreaterThanOrEqual(500);
});
