import { afterAll, beforeAll, expect, test } from "vitest";
import { type GatewayMesh, json, picture, post, startGateway } from "./start-gateway.ts";

let gateway: GatewayMesh;
let url: string;
let whole: Buffer;
let etag: string;

beforeAll(async () => {
  gateway = await startGateway();
  const made = await post(`${gateway.url}/v1/jobs?max_side=100&format=png&wait=60s`);
  url = `${gateway.url}/v1/jobs/${made.headers.get("x-pixelmesh-job")}/outputs/result`;
  const response = await fetch(url);
  whole = Buffer.from(await response.arrayBuffer());
  etag = response.headers.get("etag") ?? "";
}, 120_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

async function get(headers: Record<string, string>, method = "GET") {
  const response = await fetch(url, { method, headers });
  return {
    response,
    status: response.status,
    bytes: Buffer.from(await response.arrayBuffer()),
    header: (name: string) => response.headers.get(name),
  };
}

test("an output has its digest as ETag, its length, its type and a file name", async () => {
  const { header, bytes } = await get({});
  const digest = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
  expect(header("etag")).toBe(`"${digest}"`);
  expect(header("content-type")).toBe("image/png");
  expect(Number(header("content-length"))).toBe(bytes.length);
  expect(header("accept-ranges")).toBe("bytes");
  expect(header("content-disposition")).toMatch(/^inline; filename="j[\w-]+\.result\.png"$/);
});

test("HEAD has the headers of GET and no body, also beside a range", async () => {
  const got = await get({});
  for (const headers of [{}, { range: "bytes=0-9" }] as Record<string, string>[]) {
    const head = await get(headers, "HEAD");
    expect(head.status).toBe(200);
    expect(head.bytes.length).toBe(0);
    for (const name of ["content-length", "etag", "content-type", "content-disposition", "accept-ranges"])
      expect(head.header(name), name).toBe(got.header(name));
  }
});

test("ranges are served as RFC 9110, 14.2 says", async () => {
  const size = whole.length;
  const cases: [string, number, number][] = [
    ["bytes=0-0", 0, 1],
    ["bytes=0-499", 0, 500],
    ["bytes=100-199", 100, 200],
    ["bytes=-7", size - 7, size],
    [`bytes=${size - 5}-`, size - 5, size],
    [`bytes=10-${size * 2}`, 10, size],
    [`bytes=-${size * 2}`, 0, size],
  ];
  for (const [range, start, end] of cases) {
    const { status, bytes, header } = await get({ range });
    expect(status, range).toBe(206);
    expect(header("content-range"), range).toBe(`bytes ${start}-${end - 1}/${size}`);
    expect(Buffer.compare(bytes, whole.subarray(start, end)), range).toBe(0);
    expect(header("etag")).toBe(etag);
  }
});

test("a range outside of the bytes is 416, an ignored one is the whole", async () => {
  const outside = await get({ range: `bytes=${whole.length}-` });
  expect(outside.status).toBe(416);
  expect(outside.header("content-range")).toBe(`bytes */${whole.length}`);
  for (const range of ["bytes=0-0,5-6", "bytes=9-1", "lines=1-2", "bytes=x"]) {
    const { status, bytes } = await get({ range });
    expect([status, bytes.length], range).toEqual([200, whole.length]);
  }
});

test("If-Range serves the range only for the same strong tag", async () => {
  expect((await get({ range: "bytes=0-0", "if-range": etag })).status).toBe(206);
  for (const other of [`W/${etag}`, '"other"', "Wed, 21 Oct 2026 07:28:00 GMT"])
    expect((await get({ range: "bytes=0-0", "if-range": other })).status, other).toBe(200);
});

test("If-None-Match answers 304 with the tag and no body", async () => {
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const { status, bytes, header } = await get({ "if-none-match": tag });
    expect([status, bytes.length, header("etag")], tag).toEqual([304, 0, etag]);
  }
  expect((await get({ "if-none-match": '"other"' })).status).toBe(200);
  expect((await get({ "if-none-match": etag, range: "bytes=0-0" })).status).toBe(304);
});

test("a saved picture has the given name, in both forms of RFC 6266", async () => {
  const response = await fetch(`${url}?download=${encodeURIComponent("Größe.png")}`, { method: "HEAD" });
  expect(response.headers.get("content-disposition")).toBe(
    "attachment; filename=\"Gr__e.png\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.png",
  );
});

test("missing jobs and outputs, and outputs that are not ready, are problems", async () => {
  expect(await json(fetch(`${gateway.url}/v1/jobs/none/outputs/result`))).toMatchObject({
    status: 404,
    reason: "JOB_NOT_FOUND",
  });
  expect(await json(fetch(url.replace("/result", "/other")))).toMatchObject({
    status: 404,
    reason: "OUTPUT_NOT_FOUND",
  });
  const running = await json(post(`${gateway.url}/v1/jobs?scale=4&no_cache`, picture));
  for (const headers of [{}, { range: "bytes=0-1" }] as Record<string, string>[])
    expect(await json(fetch(`${gateway.url}/v1/jobs/${running.id}/outputs/result`, { headers }))).toMatchObject({
      status: 409,
      reason: "OUTPUT_NOT_READY",
      jobId: running.id,
    });
  expect(await json(fetch(`${gateway.url}/v1/jobs/${running.id}`, { method: "DELETE" }))).toMatchObject({
    state: "CANCELLED",
  });
});
