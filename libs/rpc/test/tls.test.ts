import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "@pixelmesh/errors";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { openTokens } from "@pixelmesh/secrets";
import { type IssuedFiles, makeTestCa, type TestCa } from "@pixelmesh/testing/security";
import { HealthDefinition } from "nice-grpc-server-health";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connectRpc, openRpcTls } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

const dir = mkdtempSync(join(tmpdir(), "pixelmesh-tls-"));
let ca: TestCa;
let otherCa: TestCa;
let server: IssuedFiles;
let client: IssuedFiles;
beforeAll(async () => {
  [ca, otherCa] = await Promise.all([makeTestCa(dir), makeTestCa(dir, "other-ca")]);
  [server, client] = [await ca.issue("storage"), await ca.issue("client")];
});
afterAll(() => rmSync(dir, { recursive: true }));

type Files = Partial<IssuedFiles> & { readonly caFile?: string; readonly serverName?: string };

function openTls({ certFile = "", keyFile = "", caFile = "", serverName = "" }: Files, pauseMs?: number) {
  const files = {
    cert: { name: "CERT", path: certFile },
    key: { name: "KEY", path: keyFile },
    ca: { name: "CA", path: caFile },
  };
  const tls = openRpcTls({ files, serverName, ...(pauseMs ? { pauseMs } : {}) });
  onTestFinished(() => tls?.close());
  return tls;
}

async function startServer(tls: ReturnType<typeof openTls>, tokens?: (token: string) => boolean) {
  const options = { tls, tokens, maxConnectionAgeMs: 1_000 };
  const { server, metrics } = await startFakeStorage({ statBlob: async () => ({ keepUntilUnixMs: 7 }) }, options);
  return { address: server.address, metrics };
}

/** Makes one call over a new connection. Returns its result, or reason and text of its failure. */
async function call(address: string, tls: ReturnType<typeof openTls>, token?: string) {
  const connection = connectRpc(address, { tls, ...(token ? { token: () => token } : {}) });
  try {
    const { keepUntilUnixMs } = await connection.client(StorageServiceDefinition).statBlob({ sha256: "x" });
    return keepUntilUnixMs;
  } catch (error) {
    const { reason, message } = error as AppError;
    return `${reason}: ${message}`;
  } finally {
    connection.close();
  }
}

test("only clients with a certificate of the CA are served; others fail with a reason", async () => {
  const { address } = await startServer(openTls({ ...server, caFile: ca.caFile }));
  const day = 24 * 3_600_000;
  const past = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) };
  const expired = await ca.issue("expired", past);
  const stranger = await otherCa.issue("client");

  expect(await call(address, openTls({ ...client, caFile: ca.caFile }))).toBe(7);
  const refused = /^SERVICE_UNAVAILABLE: /;
  expect(await call(address, undefined), "plaintext").toMatch(refused);
  expect(await call(address, openTls({ caFile: ca.caFile })), "no certificate").toMatch(refused);
  expect(await call(address, openTls({ ...stranger, caFile: ca.caFile })), "another CA's").toMatch(refused);
  expect(await call(address, openTls({ ...expired, caFile: ca.caFile })), "expired").toMatch(refused);
});

test("a client refuses a server of another CA, of another name or with an expired certificate", async () => {
  const past = { notBefore: new Date(Date.now() - 2e8), notAfter: new Date(Date.now() - 1e8) };
  const { address } = await startServer(openTls(server));
  const { address: old } = await startServer(openTls(await ca.issue("old", past)));

  expect(await call(address, openTls({ caFile: ca.caFile }))).toBe(7);
  expect(await call(address, openTls({ caFile: ca.caFile, serverName: "storage" }))).toBe(7);
  expect(await call(address, openTls({ caFile: otherCa.caFile }))).toMatch(/^SERVICE_UNAVAILABLE: .*certificate/i);
  expect(await call(address, openTls({ caFile: ca.caFile, serverName: "ingest" }))).toMatch(
    /^SERVICE_UNAVAILABLE: .*ingest/,
  );
  expect(await call(old, openTls({ caFile: ca.caFile }))).toMatch(/^SERVICE_UNAVAILABLE: .*expired/i);
});

test("replaced files apply to new connections; while they do not match, the earlier ones stay in use", async () => {
  const files = { certFile: join(dir, "rotated.pem"), keyFile: join(dir, "rotated.key") };
  const copy = (from: IssuedFiles) => {
    copyFileSync(from.certFile, files.certFile);
    copyFileSync(from.keyFile, files.keyFile);
  };
  copy(server);
  const { address } = await startServer(openTls({ ...files, caFile: ca.caFile }, 50));
  const trusting = (ca: TestCa) => call(address, openTls({ ...client, caFile: ca.caFile }));
  expect(await trusting(ca)).toBe(7);

  const next = await otherCa.issue("storage");
  copyFileSync(next.certFile, files.certFile);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await trusting(ca), "a certificate whose key has not come yet").toBe(7);
  copyFileSync(next.keyFile, files.keyFile);
  await expect.poll(() => trusting(otherCa)).toBe(7);
});

test("invalid files are refused at the start, with setting and file", async () => {
  const broken = join(dir, "broken.pem");
  writeFileSync(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const missing = join(dir, "missing.pem");
  const wrong: readonly [Files, string][] = [
    [{ ...server, caFile: missing }, `Expected CA to be a file that can be read, got \`${missing}\` (ENOENT)`],
    [{ ...server, certFile: broken }, `Expected CERT to hold certificates as PEM, got \`${broken}\``],
    [{ ...server, keyFile: broken }, "Expected KEY to hold a private key as PEM, without a password"],
    [{ ...server, keyFile: client.keyFile }, `Expected KEY to be the key of CERT, got \`${client.keyFile}\``],
    [{ certFile: server.certFile }, "Expected KEY beside CERT, got nothing"],
    [{ keyFile: server.keyFile }, "Expected CERT beside KEY, got nothing"],
  ];
  for (const [files, text] of wrong) expect(() => openTls(files)).toThrow(text);
  expect(openTls({})).toBeUndefined();
});

test("without one of the tokens a call ends with UNAUTHENTICATED and is counted; health needs none", async () => {
  const file = join(dir, "tokens");
  writeFileSync(file, "# two callers\nfirst-caller-0123456789\n\nsecond-caller-0123456789\n");
  const tokens = openTokens({ name: "TOKENS", path: file }, () => {}, 50);
  onTestFinished(tokens.close);
  const { address, metrics } = await startServer(undefined, tokens.has);

  expect(await call(address, undefined, "first-caller-0123456789")).toBe(7);
  expect(await call(address, undefined, "second-caller-0123456789")).toBe(7);
  expect(await call(address, undefined)).toMatch(/^UNAUTHENTICATED: Expected a token/);
  expect(await call(address, undefined, "# two callers")).toMatch(/^UNAUTHENTICATED/);
  expect(await call(address, undefined, "first-caller-012345678")).toBe(
    "UNAUTHENTICATED: This mesh does not know the token",
  );
  const { text } = await metrics.page();
  expect(text).toMatch(/pixelmesh_refused_requests_total\{.*StatBlob",reason="UNAUTHENTICATED"\} 3/);
  const connection = connectRpc(address);
  onTestFinished(connection.close);
  expect((await connection.client(HealthDefinition).check({ service: "readiness" })).status).toBe(1);

  writeFileSync(file, "third-caller-0123456789\n");
  await expect.poll(() => call(address, undefined, "third-caller-0123456789")).toBe(7);
  expect(await call(address, undefined, "first-caller-0123456789")).toMatch(/^UNAUTHENTICATED/);
  // An invalid file changes nothing.
  writeFileSync(file, "short\n");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await call(address, undefined, "third-caller-0123456789")).toBe(7);
  expect(() => openTokens({ name: "TOKENS", path: file }, () => {})).toThrow("got another in line 1");
});
