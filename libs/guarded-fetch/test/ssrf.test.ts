import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createUrlGuard,
  type FetchSettings,
  type LookupHost,
  parseHostRules,
  postToUrl,
  readUrl,
  type UrlGuard,
} from "../src/index.ts";
import { refuseSockets, spyOnSockets } from "./socket-spy.ts";

// A real server on loopback, which no address of the table may reach. Its port is allowed, so that only the address decides.
const seen: string[] = [];
const server = createServer((request, response) => {
  seen.push(`${request.method} ${request.url}`);
  response.end("secret");
});
let port: number;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

const timeouts = { connectMs: 2_000, firstByteMs: 2_000, stallMs: 2_000 };

function settingsOf(lookup: LookupHost): FetchSettings {
  const none = parseHostRules("PRIVATE_HOSTS", []);
  const hosts = parseHostRules("HOSTS", ["*", `*:${port}`]);
  return {
    guard: createUrlGuard({ field: "source_url", hosts, privateHosts: none, allowHttp: true }),
    timeouts,
    lookup,
  };
}

const toLoopback: LookupHost = async () => ["127.0.0.1"];
const options = () => ({ userAgent: "test", signal: AbortSignal.timeout(10_000) });

async function reasonOf(settings: FetchSettings, url: string): Promise<string> {
  try {
    await (await readUrl(settings, url, options())).close();
    return "none";
  } catch (error) {
    return (error as { reason?: string; name: string }).reason ?? (error as Error).name;
  }
}

/** Loopback, private, metadata and other special addresses in the forms that have passed filters of other programs. */
const hosts = [
  "127.0.0.1",
  "127.0.0.1.",
  "127.1",
  "127.0.1",
  "127.127.127.127",
  "0",
  "0.0.0.0",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0X7F.0x0.0x0.0x1",
  "017700000001",
  "0177.0.0.1",
  "0177.0.0.01",
  "00000177.0x0.0.1",
  "１２７.０.０.１",
  "①②⑦.⓪.⓪.①",
  "127。0。0。1",
  "%31%32%37.0.0.1",
  "10.0.0.1",
  "10.1",
  "100.64.0.1",
  "169.254.169.254",
  "0xa9fea9fe",
  "2852039166",
  "0251.0376.0251.0376",
  "169.254.43518",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "172.16.0.1",
  "192.168.0.1",
  "192.168.257",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "[::1]",
  "[::]",
  "[0:0:0:0:0:0:0:1]",
  "[0000::1]",
  "[::127.0.0.1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[0:0:0:0:0:ffff:127.0.0.1]",
  "[::ffff:169.254.169.254]",
  "[::ffff:0:127.0.0.1]",
  "[64:ff9b::127.0.0.1]",
  "[64:ff9b::a9fe:a9fe]",
  "[64:ff9b:1::7f00:1]",
  "[2002:7f00:1::]",
  "[2002:a9fe:a9fe::1]",
  "[2001:0:7f00:1::]",
  "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
  "[2a00:1450::5efe:127.0.0.1]",
  "[2a00:1450::200:5efe:7f00:1]",
  "[fe80::1]",
  "[fe80::5efe:127.0.0.1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "[fec0::1]",
  "[ff02::1]",
  "[100::1]",
  "[2001:db8::1]",
];

/** Names that a name server or hosts file maps to loopback. */
const names = [
  "localhost",
  "localhost.localdomain",
  "LOCALHOST",
  "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
  "127.0.0.1.nip.io",
  "localtest.me",
  "metadata.google.internal",
  "kubernetes.default.svc.cluster.local",
];

test("no form of a special address is connected to", async () => {
  const targets = spyOnSockets();
  const settings = settingsOf(toLoopback);
  for (const host of [...hosts, ...names]) {
    const reason = await reasonOf(settings, `http://${host}:${port}/latest/meta-data/`);
    expect([host, reason]).toEqual([host, "URL_NOT_ALLOWED"]);
    const post = postToUrl(settings, `http://${host}:${port}/`, {
      headers: {},
      body: Buffer.from("{}"),
      signal: AbortSignal.timeout(10_000),
    });
    await expect(post, host).rejects.toMatchObject({ reason: "URL_NOT_ALLOWED" });
  }
  expect(targets).toEqual([]);
  expect(seen).toEqual([]);
});

test("other schemes, users and texts that programs read in different ways reach nothing", async () => {
  const targets = spyOnSockets();
  const settings = settingsOf(toLoopback);
  for (const url of [
    `gopher://127.0.0.1:${port}/_GET%20/`,
    "file:///etc/passwd",
    `ftp://127.0.0.1:${port}/`,
    `dict://127.0.0.1:${port}/`,
    "data:image/png;base64,AAAA",
    `http://a.test@127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}@a.test/`,
    `http://a.test:80@127.0.0.1:${port}/`,
    `http://a.test#@127.0.0.1:${port}/`,
    `http://a.test\\@127.0.0.1:${port}/`,
    `http:\\\\127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}\t/`,
    `http://127.0.0.1\r\nx-a: b:${port}/`,
    `http://[fe80::1%25lo]:${port}/`,
    `http://[::1%lo]:${port}/`,
    `http://a.test.:${port}/`,
    `http:///127.0.0.1:${port}/`,
    `http:127.0.0.1:${port}`,
    `//127.0.0.1:${port}/`,
  ])
    expect(["URL_NOT_ALLOWED", "INVALID_ARGUMENT"], url).toContain(await reasonOf(settings, url));
  expect(targets).toEqual([]);
  expect(seen).toEqual([]);
});

test("a name with a public and a private address is refused, whichever comes first", async () => {
  const targets = spyOnSockets();
  for (const answer of [
    ["8.8.8.8", "127.0.0.1"],
    ["127.0.0.1", "8.8.8.8"],
    ["2606:4700::1111", "::1"],
  ])
    expect(
      await reasonOf(
        settingsOf(async () => answer),
        `http://mixed.test:${port}/`,
      ),
    ).toBe("URL_NOT_ALLOWED");
  expect(targets).toEqual([]);
});

test("a name that has another address when it is looked up again is connected to at the checked address only", async () => {
  const addresses = refuseSockets();
  let lookups = 0;
  const rebinding: LookupHost = async () => (lookups++ === 0 ? ["8.8.8.8"] : ["127.0.0.1"]);
  const settings = settingsOf(rebinding);
  expect(await reasonOf(settings, `http://rebind.test:${port}/`)).toBe("FetchError");
  expect([lookups, addresses]).toEqual([1, ["8.8.8.8"]]);
  // The next request looks the name up again, and is refused.
  expect(await reasonOf(settings, `http://rebind.test:${port}/`)).toBe("URL_NOT_ALLOWED");
  expect([lookups, addresses]).toEqual([2, ["8.8.8.8"]]);
});

test("a connection that reached another address than the checked one carries no request", async () => {
  const { guard, ...settings } = settingsOf(toLoopback);
  let checks = 0;
  const careless: UrlGuard = {
    ...guard,
    assertAddress(url, address) {
      if (checks++ > 0) guard.assertAddress(url, address);
    },
  };
  expect(await reasonOf({ ...settings, guard: careless }, `http://a.test:${port}/`)).toBe("URL_NOT_ALLOWED");
  expect([checks, seen]).toEqual([2, []]);
});
