import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GatewayMesh, json, picture, post, startGateway } from "./start-gateway.ts";

let gateway: GatewayMesh;
const bodyMax = 1024 * 1024;

beforeAll(async () => {
  gateway = await startGateway({
    env: { PIXELMESH_GATEWAY_BODY_MAX: "1MiB", PIXELMESH_RPC_STALL_TIMEOUT: "2s" },
  });
}, 120_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** What the mesh has stored: its blobs and its jobs. */
async function readState() {
  const stats = await json(fetch(`${gateway.url}/v1/stats`));
  const { jobs } = await json(fetch(`${gateway.url}/v1/jobs?page_size=200`));
  return { blobs: stats.storage.blobs, jobs: jobs.length };
}

/** Opens a raw connection to the gateway, to send what `fetch` refuses to send. */
async function openSocket(): Promise<Socket & { text(): string }> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  let all = "";
  socket.on("data", (chunk) => {
    all += chunk;
  });
  socket.on("error", () => {});
  return Object.assign(socket, { text: () => all });
}

const head = (path: string, lines: string[]) =>
  `POST ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: image/jpeg\r\n${lines.join("\r\n")}\r\n\r\n`;

test("an upload that is broken off leaves nothing behind", async () => {
  await (await post(`${gateway.url}/v1/jobs?max_side=50&wait=60s`)).arrayBuffer();
  const before = await readState();
  const unlike = Buffer.from(picture);
  unlike[unlike.length - 20] = (unlike[unlike.length - 20] ?? 0) ^ 1;
  for (const lines of [[`Content-Length: ${unlike.length}`], ["Transfer-Encoding: chunked"]]) {
    const socket = await openSocket();
    const half = unlike.subarray(0, unlike.length / 2);
    socket.write(head("/v1/jobs?max_side=50", lines));
    socket.write(
      lines[0]?.startsWith("T")
        ? Buffer.concat([Buffer.from(`${half.length.toString(16)}\r\n`), half, Buffer.from("\r\n")])
        : half,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
  }
  const form = await openSocket();
  const boundary = "x".repeat(30);
  form.write(
    `POST /v1/jobs?max_side=50 HTTP/1.1\r\nHost: gateway\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: 100000\r\n\r\n--${boundary}\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n`,
  );
  form.write(unlike.subarray(0, 20_000));
  await new Promise((resolve) => setTimeout(resolve, 200));
  form.destroy();
  // The gateway has ended its calls when ingest serves others.
  await json(post(`${gateway.url}/v1/inspect`));
  expect(await readState()).toEqual(before);
  expect(gateway.mesh.events().filter(({ kind }) => kind === "error" || kind === "restarted")).toEqual([]);
});

test("a body above the limit is refused, whether its length is announced or not", async () => {
  const announced = await post(`${gateway.url}/v1/jobs?max_side=50`, Buffer.alloc(bodyMax + 1));
  expect(announced.status).toBe(413);
  expect(await json(announced)).toMatchObject({ reason: "REQUEST_TOO_LARGE" });
  async function* endless() {
    for (;;) yield Buffer.alloc(64 * 1024, picture);
  }
  const socket = await openSocket();
  socket.write(head("/v1/jobs?max_side=50", ["Transfer-Encoding: chunked"]));
  for await (const chunk of endless()) {
    if (socket.text() !== "" || socket.destroyed) break;
    socket.write(`${chunk.length.toString(16)}\r\n`);
    socket.write(chunk);
    if (!socket.write("\r\n")) await Promise.race([once(socket, "drain"), once(socket, "close")]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(socket.text()).toMatch(/^HTTP\/1\.1 (413|422) /);
  // A caller that goes on sending is cut off.
  const closed = once(socket, "close");
  const timer = setInterval(() => socket.write("10\r\n0123456789abcdef\r\n"), 100);
  await closed;
  clearInterval(timer);
});

test("an upload that stalls ends with 408", async () => {
  const socket = await openSocket();
  socket.write(head("/v1/jobs?max_side=50", [`Content-Length: ${picture.length}`]));
  socket.write(picture.subarray(0, 1_000));
  await expect.poll(socket.text).toMatch(/^HTTP\/1\.1 408 /);
  expect(socket.text()).toContain("DEADLINE_EXCEEDED");
  socket.destroy();
});

test("the connection can be used again after a refused upload", async () => {
  const socket = await openSocket();
  const refused = head("/v1/images/upscale?scale=9", [`Content-Length: ${picture.length}`]);
  socket.write(refused);
  socket.write(picture);
  await expect.poll(socket.text).toMatch(/HTTP\/1\.1 400 /);
  socket.write("GET /v1/health HTTP/1.1\r\nHost: gateway\r\n\r\n");
  await expect.poll(socket.text).toMatch(/HTTP\/1\.1 200 /);
  socket.destroy();
});

test("malformed forms and JSON are refused with what is wrong", async () => {
  const send = async (contentType: string, body: string, path = "/v1/jobs") => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: "POST",
      headers: { "content-type": contentType },
      body,
    });
    return { status: response.status, ...(await json(response)) };
  };
  const bad = { reason: "INVALID_ARGUMENT", status: 400 };
  expect(await send("multipart/form-data", "x")).toMatchObject(bad);
  expect(
    await send(
      "multipart/form-data; boundary=a",
      '--a\r\nContent-Disposition: form-data; name="effect"\r\n\r\nsepia\r\n--a--\r\n',
    ),
  ).toMatchObject({ reason: "IMAGE_EMPTY" });
  const fieldAfterFile =
    '--a\r\nContent-Disposition: form-data; name="picture"; filename="p"\r\n\r\nx\r\n--a\r\nContent-Disposition: form-data; name="effect"\r\n\r\nsepia\r\n--a--\r\n';
  expect((await send("multipart/form-data; boundary=a", fieldAfterFile, "/v1/jobs?max_side=50")).detail).toMatch(
    /sent before the files|no known type/,
  );
  expect((await send("application/json", "{")).detail).toContain("Expected the body to be JSON");
  expect(await send("application/json", "[]")).toMatchObject({
    ...bad,
    detail: "Expected `body` to be an object, got `[]`",
  });
  expect(await send("application/json", '{"pipeline": {}, "sources": []}')).toMatchObject(bad);
  expect(await send("application/json", '{"pipelin": {}, "sources": [{"sha256": "a"}]}')).toMatchObject({
    ...bad,
    detail: expect.stringContaining("Did you mean `pipeline`?"),
  });
  expect(
    await send(
      "application/json",
      '{"pipeline": {"steps": [{"upscale": {"scale": "x"}}]}, "sources": [{"sha256": "a"}]}',
    ),
  ).toMatchObject({
    ...bad,
    detail: "Expected `pipeline.steps[0].upscale.scale` to be an integer, got `x`",
    fields: [{ name: "pipeline.steps[0].upscale.scale", description: expect.any(String) }],
  });
  expect(await send("text/plain", "hello")).toMatchObject({ status: 415 });
  expect(
    await send("application/json", JSON.stringify({ pipeline: {}, sources: "x".repeat(2 * 1024 * 1024) })),
  ).toMatchObject({ status: 413, reason: "REQUEST_TOO_LARGE" });
});
