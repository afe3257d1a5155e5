import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { loadConfig } from "@pixelmesh/config";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { type IssuedFiles, makeTestCa, type TestCa } from "@pixelmesh/testing/security";
import { expect, onTestFinished, test } from "vitest";
import { openHttp } from "../src/http/open-http.ts";
import { gatewayFields } from "../src/index.ts";
import { docsRoutes } from "../src/routes/docs-routes.ts";

/** A folder for the certificates of one test. */
function makeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-gateway-tls-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Starts an HTTP server with these files, whose log lines are in `lines`. */
async function serve(files: IssuedFiles & { readonly caFile?: string }) {
  const config = loadConfig(gatewayFields, {
    PIXELMESH_GATEWAY_HTTP_PORT: "0",
    PIXELMESH_TLS_CERT_FILE: files.certFile,
    PIXELMESH_TLS_KEY_FILE: files.keyFile,
    ...(files.caFile === undefined ? {} : { PIXELMESH_TLS_CA_FILE: files.caFile }),
  });
  const lines: string[] = [];
  const log = createLogger({ service: "gateway" }, { write: (line: string) => lines.push(line) });
  const metrics = createMetrics("gateway", "0");
  const http = await openHttp({ config, log, metrics, routes: docsRoutes([]), tlsCheckMs: 50 });
  onTestFinished(() => http.stop(1_000));
  return { port: http.port, lines };
}

/** Reads a page over a new connection. Returns status and the subject of the server's certificate, or why it failed. */
function read(port: number, trusted: TestCa, identity?: IssuedFiles): Promise<string> {
  const own = identity && { cert: readFileSync(identity.certFile), key: readFileSync(identity.keyFile) };
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path: "/docs", ca: readFileSync(trusted.caFile), agent: false, ...own };
    const request = get(options, (response) => {
      response.resume();
      resolve(`${response.statusCode} ${(response.socket as TLSSocket).getPeerCertificate().subject.CN}`);
    });
    request.on("error", ({ message }) => resolve(message));
  });
}

test("with a certificate it serves HTTPS, and with a CA only callers that have one of its certificates", async () => {
  const ca = await makeTestCa(makeDir());
  const own = await ca.issue("gateway");
  const caller = await ca.issue("caller");
  for (const caFile of [undefined, ca.caFile]) {
    const { port } = await serve({ ...own, ...(caFile === undefined ? {} : { caFile }) });
    expect(await read(port, ca, caller)).toBe("200 gateway");
    if (caFile === undefined) expect(await read(port, ca)).toBe("200 gateway");
    else expect(await read(port, ca)).not.toContain("200");
  }
});

test("replaced certificates apply to new connections; while they are invalid, the earlier ones stay in use", async () => {
  const dir = makeDir();
  const ca = await makeTestCa(dir);
  const [first, second] = [await ca.issue("first"), await ca.issue("second")];
  const files = { certFile: join(dir, "used.pem"), keyFile: join(dir, "used.key") };
  copyFileSync(first.certFile, files.certFile);
  copyFileSync(first.keyFile, files.keyFile);
  const { port, lines } = await serve(files);
  expect(await read(port, ca)).toBe("200 first");

  copyFileSync(second.certFile, files.certFile);
  await expect.poll(() => lines.join("")).toContain("replaced TLS files are invalid");
  expect(await read(port, ca), "a certificate whose key has not come yet").toBe("200 first");
  copyFileSync(second.keyFile, files.keyFile);
  await expect.poll(() => read(port, ca)).toBe("200 second");
});

test("a replaced CA decides about the callers of new connections", async () => {
  const dir = makeDir();
  const [ca, next] = [await makeTestCa(dir), await makeTestCa(dir, "next-ca")];
  const own = await ca.issue("gateway");
  const [caller, nextCaller] = [await ca.issue("caller"), await next.issue("caller")];
  const caFile = join(dir, "used-ca.pem");
  copyFileSync(ca.caFile, caFile);
  const { port } = await serve({ ...own, caFile });
  expect(await read(port, ca, caller)).toBe("200 gateway");
  expect(await read(port, ca, nextCaller)).not.toContain("200");
  copyFileSync(next.caFile, caFile);
  await expect.poll(() => read(port, ca, nextCaller)).toBe("200 gateway");
  expect(await read(port, ca, caller)).not.toContain("200");
});
