import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { CreateJobHeader, JobServiceDefinition, Pipeline } from "@pixelmesh/proto";
import { connectRpc, type RpcConnection } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot } from "@pixelmesh/testing/jobs";
import {
  connectTestBus,
  type HttpReceiver,
  keysLeft,
  type ReceivedCall,
  startHttpReceiver,
  startReplica,
} from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

let store: HttpReceiver;
let secret: HttpReceiver;
let mesh: TestMesh;
let ingest: RpcConnection;
beforeAll(async () => {
  store = await startHttpReceiver(respond);
  secret = await startHttpReceiver((_, response) => response.end(robot));
  mesh = await startTestMesh({
    services: ["storage", "scheduler", "ingest", "effects"],
    env: {
      PIXELMESH_INGEST_SOURCE_HOSTS: `*,*:${secret.port},*:${store.port}`,
      PIXELMESH_INGEST_SOURCE_PRIVATE_HOSTS: `127.0.0.1:${store.port}`,
      PIXELMESH_INGEST_SOURCE_HTTP: "true",
      PIXELMESH_INGEST_MAX_UPLOAD: "1MiB",
    },
  });
  ingest = connectRpc(mesh.address);
});
afterAll(async () => {
  ingest?.close();
  await mesh?.[Symbol.asyncDispose]();
  await secret?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
});

const closed: string[] = [];

/** An object store: pictures, and each way in which a server can fail. */
function respond({ path }: ReceivedCall, response: ServerResponse): void {
  const type = { "content-type": "image/jpeg" };
  response.on("close", () => closed.push(path));
  const [, name = ""] = path.split(/[/?]/);
  if (name === "robot") response.writeHead(200, { ...type, "content-length": robot.length }).end(robot);
  else if (name === "untyped") response.writeHead(200, { "content-type": "binary/octet-stream" }).end(robot);
  else if (name === "html") response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(robot);
  else if (name === "disguised") response.writeHead(200, type).end("<html>".repeat(100));
  else if (name === "empty") response.writeHead(200, type).end();
  else if (name === "gzip")
    response.writeHead(200, { ...type, "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(50_000_000)));
  else if (name === "truncated") {
    response.writeHead(200, { ...type, "content-length": robot.length });
    response.write(robot.subarray(0, 1_000), () => response.destroy());
  } else if (name === "large") response.writeHead(200, { ...type, "content-length": 2 ** 40 }).write("x");
  else if (name === "endless") {
    response.writeHead(200, type);
    const send = () => void (response.destroyed || response.write(Buffer.alloc(65_536), () => setImmediate(send)));
    send();
  } else if (name === "silent") return;
  else if (name === "away") response.writeHead(302, { location: secret.url("/robot") }).end();
  else if (name === "metadata") response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data/" }).end();
  else if (name === "moved") response.writeHead(301, { location: "/robot" }).end();
  else response.writeHead(Number(name) || 404).end("no");
}

const sha256 = createHash("sha256").update(robot).digest("hex");
const pipeline = { steps: [effectStep("fx", "dither")] };
const create = (url: string, more: object = {}) => mesh.client.jobs.create({ pipeline, pictures: [{ url }], ...more });
const fetchesOf = (path: string) => store.calls.filter((call) => call.path === path).length;

test("a job reads its picture from an address, and the tenant may then name it by its digest", async () => {
  for (const path of ["/robot?signature=secret", "/untyped", "/moved"]) {
    const job = await create(store.url(path));
    expect(job.sources).toMatchObject([{ name: "source", sha256, info: { widthPx: 400, heightPx: 480 } }]);
    expect((await mesh.client.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
    expect((await download(mesh.client, job, "result")).length).toBeGreaterThan(1_000);
  }
  const named = await mesh.client.jobs.create({ pipeline, pictures: [{ sha256 }] });
  expect(named.sources[0]?.sha256).toBe(sha256);
  const other = connectPixelmesh({ address: mesh.address, tenant: "other" });
  onTestFinished(() => other.close());
  await expect(other.jobs.create({ pipeline, pictures: [{ sha256 }] })).rejects.toMatchObject({
    reason: "BLOB_NOT_FOUND",
  });
  for (const log of ["ingest", "storage"] as const) expect(mesh.logs(log)).not.toContain("signature=secret");
});

test("a repeated request returns its job without another fetch, and another address is another request", async () => {
  const url = store.url("/robot?repeated");
  const job = await create(url, { requestId: "by-url" });
  expect((await create(url, { requestId: "by-url" })).id).toBe(job.id);
  await mesh.client.jobs.wait(job.id);
  expect((await create(url, { requestId: "by-url" })).id).toBe(job.id);
  expect(fetchesOf("/robot?repeated")).toBe(1);
  const reused = { reason: "REQUEST_ID_REUSED" };
  await expect(create(store.url("/robot?other"), { requestId: "by-url" })).rejects.toMatchObject(reused);
  expect(fetchesOf("/robot?other")).toBe(0);
  const bytes = mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }], requestId: "by-url" });
  await expect(bytes).rejects.toMatchObject(reused);
  // With its digest, a picture is the same one from any address, or as bytes.
  const named = await create(store.url("/robot?a"), {
    requestId: "by-digest",
    pictures: [{ url: store.url("/robot?a"), sha256 }],
  });
  const again = await mesh.client.jobs.create({
    pipeline,
    pictures: [{ url: store.url("/robot?b"), sha256 }],
    requestId: "by-digest",
  });
  expect([again.id, fetchesOf("/robot?b")]).toEqual([named.id, 0]);
});

test.each([
  ["/404", "SOURCE_FETCH_FAILED", /status 404/],
  ["/500", "SOURCE_FETCH_FAILED", /status 500/],
  ["/html", "SOURCE_FETCH_FAILED", /`text\/html`/],
  ["/empty", "SOURCE_FETCH_FAILED", /no bytes/],
  ["/gzip", "SOURCE_FETCH_FAILED", /compressed/],
  ["/truncated", "SOURCE_FETCH_FAILED", /closed|length/],
  ["/disguised", "IMAGE_TYPE_UNSUPPORTED", /./],
  ["/large", "IMAGE_TOO_MANY_BYTES", /1099511627776/],
  ["/endless", "IMAGE_TOO_MANY_BYTES", /at most/],
  ["/away", "URL_NOT_ALLOWED", /public IP addresses/],
  ["/metadata", "URL_NOT_ALLOWED", /public IP addresses|allowed host/],
])("the answer of %s is %s", async (path, reason, text) => {
  const failure = await create(store.url(path)).catch((error: unknown) => error);
  expect(failure).toMatchObject({ reason, message: expect.stringMatching(text) });
  await expect.poll(() => closed).toContain(path);
  expect(secret.calls).toEqual([]);
});

test("the digest of an upload is checked against the bytes that were read", async () => {
  const wrong = "0".repeat(64);
  const job = mesh.client.jobs.create({ pipeline, pictures: [{ url: store.url("/robot"), sha256: wrong }] });
  await expect(job).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
});

test("no address inside the network is connected to", async () => {
  for (const host of [
    "127.0.0.1",
    "127.1",
    "0",
    "0x7f000001",
    "2130706433",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
  ]) {
    const url = `http://${host}:${secret.port}/robot`;
    const failure = await create(url).catch((error: unknown) => error);
    // Where the name servers know no `localhost`, it is no host at all.
    const reasons = host === "localhost" ? /URL_NOT_ALLOWED|SOURCE_FETCH_FAILED/ : /URL_NOT_ALLOWED/;
    expect([url, failure]).toMatchObject([url, { reason: expect.stringMatching(reasons) }]);
  }
  for (const url of ["file:///etc/passwd", "gopher://127.0.0.1/", `http://user@127.0.0.1:${store.port}/robot`])
    await expect(create(url)).rejects.toMatchObject({ reason: "URL_NOT_ALLOWED" });
  for (const url of ["robot.png", `http://127.0.0.1:${store.port}/${"a".repeat(2_100)}`])
    await expect(create(url)).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  expect(secret.calls).toEqual([]);
});

test("a chunk after an address is refused", async () => {
  async function* messages() {
    yield {
      part: {
        $case: "header" as const,
        value: CreateJobHeader.fromPartial({ pipeline: Pipeline.fromPartial(pipeline) }),
      },
    };
    yield {
      part: {
        $case: "upload" as const,
        value: { name: "source", sha256: "", sizeBytes: 0, sourceUrl: store.url("/robot") },
      },
    };
    yield { part: { $case: "chunk" as const, value: robot } };
    yield { part: { $case: "end" as const, value: {} } };
  }
  await expect(ingest.client(JobServiceDefinition).createJob(messages())).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
  });
});

test("the end of a call ends its fetch and leaves no job", async () => {
  await using bus = await connectTestBus(mesh.brokerUrl());
  const ended = () => closed.filter((path) => path === "/silent?stop").length;
  const caller = new AbortController();
  const cancelled = create(store.url("/silent?stop"), { signal: caller.signal });
  await expect.poll(() => fetchesOf("/silent?stop")).toBe(1);
  caller.abort();
  await expect(cancelled).rejects.toThrow();
  await expect.poll(ended).toBe(1);
  await expect(create(store.url("/silent?stop"), { timeoutMs: 500 })).rejects.toThrow();
  await expect.poll(ended).toBe(2);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
});

test("without settings every address is refused", async () => {
  await using bus = await connectTestBus(mesh.brokerUrl());
  await using plain = await startReplica(mesh, bus, "ingest");
  const client = connectPixelmesh({ address: plain.address });
  onTestFinished(() => client.close());
  for (const url of [store.url("/robot"), "https://images.example.com/a.png"])
    await expect(client.jobs.create({ pipeline, pictures: [{ url }] })).rejects.toMatchObject({
      reason: "URL_NOT_ALLOWED",
    });
  const bytes = { pipeline, pictures: [{ bytes: robot }] };
  await expect(client.jobs.create({ ...bytes, callbackUrl: store.url("/hook") })).rejects.toMatchObject({
    reason: "URL_NOT_ALLOWED",
  });
});
