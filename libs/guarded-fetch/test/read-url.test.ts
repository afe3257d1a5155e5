import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { makeTestCa } from "@pixelmesh/testing/security";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createUrlGuard, type FetchSettings, lookupHost, parseHostRules, postToUrl, readUrl } from "../src/index.ts";
import { spyOnSockets } from "./socket-spy.ts";

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(respond: Respond): Promise<number> {
  const server = createHttpServer(respond).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const timeouts = { connectMs: 2_000, firstByteMs: 2_000, stallMs: 2_000 };

/** Settings that allow loopback at some ports, as for an object store of this machine. */
function settingsFor(...ports: number[]): FetchSettings {
  const privateHosts = parseHostRules(
    "PRIVATE",
    ports.flatMap((port) => [`127.0.0.1:${port}`, `localhost:${port}`]),
  );
  const guard = createUrlGuard({
    field: "source_url",
    hosts: parseHostRules("HOSTS", []),
    privateHosts,
    allowHttp: true,
  });
  return { guard, timeouts, lookup: lookupHost };
}

async function read(settings: FetchSettings, url: string, signal = AbortSignal.timeout(20_000)) {
  const content = await readUrl(settings, url, { userAgent: "pixelmesh/test", signal });
  try {
    const bytes = Buffer.concat(await Array.fromAsync(content.body));
    return { bytes, sizeBytes: content.sizeBytes, mediaType: content.mediaType };
  } finally {
    await content.close();
  }
}

test("an allowed private host is read, with no cookies, credentials or compression asked for", async () => {
  const requests: IncomingMessage["headers"][] = [];
  const port = await listen((request, response) => {
    requests.push(request.headers);
    response
      .writeHead(200, { "content-type": "Image/PNG; q=1", "set-cookie": "a=b", "content-length": 7 })
      .end("picture");
  });
  for (const host of ["127.0.0.1", "localhost"]) {
    const { bytes, sizeBytes, mediaType } = await read(settingsFor(port), `http://${host}:${port}/a?b=c`);
    expect([bytes.toString(), sizeBytes, mediaType]).toEqual(["picture", 7, "image/png"]);
  }
  for (const headers of requests)
    expect(Object.keys(headers).sort()).toEqual(["accept", "accept-encoding", "connection", "host", "user-agent"]);
  expect(requests[0]).toMatchObject({ "accept-encoding": "identity", connection: "close" });
});

test("proxies of the environment are not used", async () => {
  const proxied: string[] = [];
  const proxy = await listen((request, response) => {
    proxied.push(request.url ?? "");
    response.end();
  });
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) process.env[name] = `http://127.0.0.1:${proxy}`;
  onTestFinished(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const port = await listen((_, response) => void response.end("direct"));
  expect((await read(settingsFor(port), `http://127.0.0.1:${port}/`)).bytes.toString()).toBe("direct");
  expect(proxied).toEqual([]);
});

test("three redirects are followed, a fourth is not", async () => {
  const port = await listen((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end("end");
    else
      response
        .writeHead([301, 302, 303, 307, 308][left % 5] ?? 302, { location: `/${left - 1}` })
        .end("a body that is not read");
  });
  expect((await read(settingsFor(port), `http://127.0.0.1:${port}/3`)).bytes.toString()).toBe("end");
  await expect(read(settingsFor(port), `http://127.0.0.1:${port}/4`)).rejects.toThrow(/3 redirects/);
});

test("a redirect to an address that is not allowed is not followed", async () => {
  const inside: string[] = [];
  const secret = await listen((request, response) => {
    inside.push(request.url ?? "");
    response.end("secret");
  });
  let location = "";
  const port = await listen((_, response) => void response.writeHead(302, { location }).end());
  const targets = spyOnSockets();
  for (location of [
    `http://127.0.0.1:${secret}/`,
    `http://localhost:${secret}/`,
    `http://[::1]:${secret}/`,
    "http://169.254.169.254/latest/meta-data/",
    `//2130706433:${secret}/`,
    "file:///etc/passwd",
    `http://user@127.0.0.1:${port}/`,
    "gopher://127.0.0.1/",
  ])
    await expect(read(settingsFor(port), `http://127.0.0.1:${port}/`), location).rejects.toMatchObject({
      reason: "URL_NOT_ALLOWED",
    });
  for (location of ["http://[", ""])
    await expect(read(settingsFor(port), `http://127.0.0.1:${port}/`)).rejects.toThrow();
  expect(inside).toEqual([]);
  expect(targets.every((target) => target.includes(String(port)))).toBe(true);
});

test.each([
  ["status 404", /status 404/, (response: ServerResponse) => response.writeHead(404).end("no")],
  ["status 500", /status 500/, (response: ServerResponse) => response.writeHead(500).end("no")],
  ["status 206", /status 206/, (response: ServerResponse) => response.writeHead(206).end("part")],
  [
    "a gzip bomb",
    /compressed/,
    (response: ServerResponse) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(10_000_000))),
  ],
  [
    "a header that is too long",
    /header/,
    (response: ServerResponse) => response.writeHead(200, { "x-a": "a".repeat(20_000) }).end(),
  ],
  ["a connection that is closed", /closed/, (response: ServerResponse) => response.destroy()],
  ["no answer", /in time/, () => {}],
])("%s is a failure of the server", async (_, text, respond) => {
  const port = await listen((_request, response) => void respond(response));
  await expect(read(settingsFor(port), `http://127.0.0.1:${port}/`)).rejects.toThrow(text);
});

test.each([
  [
    "truncated",
    /closed|length/,
    (response: ServerResponse) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half", () => response.destroy());
    },
  ],
  [
    "cut off within chunks",
    /ends early/,
    (response: ServerResponse) => {
      response.write("half", () => response.destroy());
    },
  ],
  ["stalled", /stopped/, (response: ServerResponse) => void response.write("half")],
])("a body that is %s is a failure of the server", async (_, text, respond) => {
  const port = await listen((_request, response) => respond(response));
  await expect(read(settingsFor(port), `http://127.0.0.1:${port}/`)).rejects.toThrow(text);
});

test("a reader that stops ends an endless answer, and an abort ends a slow one at every stage", async () => {
  let closed = 0;
  const port = await listen((request, response) => {
    response.on("close", () => closed++);
    if (request.url === "/silent") return;
    const timer = setInterval(() => response.write(Buffer.alloc(1_000)), 5);
    response.on("close", () => clearInterval(timer));
  });
  const signal = AbortSignal.timeout(20_000);
  const content = await readUrl(settingsFor(port), `http://127.0.0.1:${port}/`, { userAgent: "", signal });
  let length = 0;
  for await (const chunk of content.body) {
    length += chunk.length;
    if (length > 10_000) break;
  }
  await content.close();
  await expect.poll(() => closed).toBe(1);
  for (const path of ["/", "/silent"])
    await expect(
      read(settingsFor(port), `http://127.0.0.1:${port}${path}`, AbortSignal.timeout(300)),
    ).rejects.toMatchObject({ name: "TimeoutError" });
  await expect.poll(() => closed).toBe(3);
  // A server that accepts the connection and never begins TLS.
  const mute = createTcpServer(() => {}).listen(0, "127.0.0.1");
  await once(mute, "listening");
  onTestFinished(() => void mute.close());
  const mutePort = (mute.address() as AddressInfo).port;
  await expect(read(settingsFor(mutePort), `https://127.0.0.1:${mutePort}/`)).rejects.toThrow(/in time/);
});

test("a name without an address and a port without a server are failures, not refusals", async () => {
  const settings = { ...settingsFor(1), lookup: async () => [] };
  await expect(read(settings, "http://localhost:1/")).rejects.toThrow(/not known/);
  await expect(read(settingsFor(1), "http://127.0.0.1:1/")).rejects.toThrow(/refuses/);
});

test("POST sends its body and headers and follows no redirect", async () => {
  const bodies: string[] = [];
  const port = await listen(async (request, response) => {
    bodies.push(Buffer.concat(await Array.fromAsync(request)).toString());
    response
      .writeHead(request.url === "/moved" ? 307 : 429, { location: "/elsewhere", "retry-after": "7" })
      .end("x".repeat(1_000_000));
  });
  const request = { headers: { "webhook-id": "1" }, body: Buffer.from("{}"), signal: AbortSignal.timeout(10_000) };
  const base = `http://127.0.0.1:${port}`;
  expect(await postToUrl(settingsFor(port), `${base}/`, request)).toEqual({ status: 429, retryAfter: "7" });
  expect(await postToUrl(settingsFor(port), `${base}/moved`, request)).toEqual({ status: 307, retryAfter: "7" });
  expect(bodies).toEqual(["{}", "{}"]);
});

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "pixelmesh-fetch-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

test("TLS certificates are checked: CA, name and dates", async () => {
  const ca = await makeTestCa(dir);
  const stranger = await makeTestCa(dir, "stranger");
  const day = 24 * 3_600_000;
  const past = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) };
  const trusted = readFileSync(ca.caFile, "utf8");
  async function serve(files: { certFile: string; keyFile: string }) {
    const server = createHttpsServer(
      { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) },
      (_, response) => void response.end("ok"),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }
  const good = await serve(await ca.issue("good"));
  const settings = { ...settingsFor(good), ca: trusted };
  expect((await read(settings, `https://localhost:${good}/`)).bytes.toString()).toBe("ok");
  // Without the CA, the certificate is that of a stranger.
  await expect(read(settingsFor(good), `https://localhost:${good}/`)).rejects.toThrow(/certificate/);
  for (const files of [await stranger.issue("unknown"), await ca.issue("expired", past)]) {
    const port = await serve(files);
    await expect(read({ ...settingsFor(port), ca: trusted }, `https://localhost:${port}/`)).rejects.toThrow(
      /certificate/,
    );
  }
  const named = await serve(await ca.issue("named"));
  const privateHosts = parseHostRules("PRIVATE", [`other.test:${named}`]);
  const guard = createUrlGuard({
    field: "source_url",
    hosts: parseHostRules("HOSTS", []),
    privateHosts,
    allowHttp: false,
  });
  const wrongName = { guard, timeouts, lookup: async () => ["127.0.0.1"], ca: trusted };
  await expect(read(wrongName, `https://other.test:${named}/`)).rejects.toThrow(/certificate/);
});
