import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { startHttpReceiver } from "@pixelmesh/testing/processes";
import { expect, onTestFinished, test } from "vitest";
import { callUrl, createUrlGuard, type FetchSettings, lookupHost, parseHostRules } from "../src/index.ts";
import { spyOnSockets } from "./socket-spy.ts";

const timeouts = { connectMs: 2_000, firstByteMs: 2_000, stallMs: 2_000 };

function settingsFor(hosts: readonly string[], allowHttp: boolean | "private" = "private"): FetchSettings {
  const guard = createUrlGuard({
    field: "baseUrl",
    hosts: parseHostRules("HOSTS", ["public.example.com"]),
    privateHosts: parseHostRules("PRIVATE", hosts),
    allowHttp,
  });
  return { guard, timeouts, lookup: lookupHost };
}

const soon = () => AbortSignal.timeout(20_000);

test.each(["GET", "POST", "PUT", "DELETE"] as const)(
  "%s sends what it names, and gives an answer of any status with its body",
  async (method) => {
    await using receiver = await startHttpReceiver((_, response) => {
      response
        .writeHead(422, { "content-type": "Application/JSON; charset=utf-8", "content-length": 11, "retry-after": "3" })
        .end('{"a":"b"}\n\n');
    });
    const body = method === "GET" ? {} : { body: Buffer.from("{}") };
    const headers = { authorization: "Bearer secret", "content-type": "application/json" };
    const answer = await callUrl(settingsFor([receiver.host]), receiver.url("/a?b=c"), {
      method,
      headers,
      ...body,
      signal: soon(),
    });
    expect(answer).toMatchObject({ status: 422, mediaType: "application/json", sizeBytes: 11 });
    expect([answer.header("retry-after"), answer.header("x-none")]).toEqual(["3", undefined]);
    expect(Buffer.concat(await Array.fromAsync(answer.body)).toString()).toBe('{"a":"b"}\n\n');
    await answer.close();
    expect(receiver.calls).toMatchObject([
      { path: "/a?b=c", headers: { authorization: "Bearer secret", "accept-encoding": "identity" } },
    ]);
    expect(receiver.calls[0]?.body.toString()).toBe(method === "GET" ? "" : "{}");
  },
);

test("a redirect is an answer, so credentials go to one address alone", async () => {
  await using elsewhere = await startHttpReceiver((_, response) => response.end());
  await using receiver = await startHttpReceiver((_, response) =>
    response.writeHead(307, { location: elsewhere.url("/") }).end(),
  );
  const answer = await callUrl(settingsFor([receiver.host, elsewhere.host]), receiver.url("/"), {
    method: "POST",
    headers: { authorization: "Bearer secret" },
    body: Buffer.from("{}"),
    signal: soon(),
  });
  await answer.close();
  expect([answer.status, elsewhere.calls]).toEqual([307, []]);
});

test("plain http is for private hosts alone, where that is asked for", async () => {
  const targets = spyOnSockets();
  const request = { method: "GET", headers: {}, signal: soon() } as const;
  for (const [url, allowHttp] of [
    ["http://public.example.com/", "private"],
    ["http://public.example.com/", false],
    ["http://127.0.0.1:1/", false],
  ] as const)
    await expect(callUrl(settingsFor(["127.0.0.1:1"], allowHttp), url, request)).rejects.toMatchObject({
      reason: "URL_NOT_ALLOWED",
    });
  expect(targets).toEqual([]);
  await expect(callUrl(settingsFor(["127.0.0.1:1"]), "http://127.0.0.1:1/", request)).rejects.toThrow(/refuses/);
});

test("a failure without a connection says that nothing was sent, one after it does not", async () => {
  const request = { method: "POST", headers: {}, body: Buffer.from("{}"), signal: soon() } as const;
  const mute = createTcpServer(() => {}).listen(0, "127.0.0.1");
  await once(mute, "listening");
  onTestFinished(() => void mute.close());
  const mutePort = (mute.address() as AddressInfo).port;
  const noNames = { ...settingsFor(["localhost:1"]), lookup: async () => [] };
  await expect(callUrl(settingsFor(["127.0.0.1:1"]), "http://127.0.0.1:1/", request)).rejects.toMatchObject({
    neverSent: true,
  });
  await expect(callUrl(noNames, "http://localhost:1/", request)).rejects.toMatchObject({ neverSent: true });
  // TLS never begins.
  await expect(
    callUrl(settingsFor([`127.0.0.1:${mutePort}`]), `https://127.0.0.1:${mutePort}/`, request),
  ).rejects.toMatchObject({ neverSent: true });
  await using receiver = await startHttpReceiver((_, response) => response.destroy());
  await expect(callUrl(settingsFor([receiver.host]), receiver.url("/"), request)).rejects.toMatchObject({
    neverSent: false,
  });
  receiver.respond = () => {};
  await expect(callUrl(settingsFor([receiver.host]), receiver.url("/"), request)).rejects.toMatchObject({
    neverSent: false,
  });
});

test("a compressed answer is refused", async () => {
  await using receiver = await startHttpReceiver((_, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
  );
  const request = { method: "GET", headers: {}, signal: soon() } as const;
  await expect(callUrl(settingsFor([receiver.host]), receiver.url("/"), request)).rejects.toThrow(/compressed/);
});
