import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@pixelmesh/config";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { makeTestCa } from "@pixelmesh/testing/security";
import { expect, onTestFinished, test } from "vitest";
import { openHttp } from "../src/http/open-http.ts";
import { gatewayFields } from "../src/index.ts";
import { docsRoutes } from "../src/routes/docs-routes.ts";

test("with a certificate it serves HTTPS, and with a CA only callers that have one of its certificates", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-gateway-tls-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const ca = await makeTestCa(dir);
  const own = await ca.issue("gateway");
  const caller = await ca.issue("caller");
  for (const withCa of [false, true]) {
    const config = loadConfig(gatewayFields, {
      PIXELMESH_GATEWAY_HTTP_PORT: "0",
      PIXELMESH_TLS_CERT_FILE: own.certFile,
      PIXELMESH_TLS_KEY_FILE: own.keyFile,
      ...(withCa ? { PIXELMESH_TLS_CA_FILE: ca.caFile } : {}),
    });
    const log = createLogger({ service: "gateway", instance: "0", version: "0", level: "silent" });
    const http = await openHttp({ config, log, metrics: createMetrics("gateway", "0"), routes: docsRoutes([]) });
    const read = (options: object) =>
      new Promise<number | string>((resolve) => {
        const request = get(
          { host: "127.0.0.1", port: http.port, path: "/docs", ca: readFileSync(ca.caFile), agent: false, ...options },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        );
        request.on("error", ({ message }) => resolve(message));
      });
    const identity = { cert: readFileSync(caller.certFile), key: readFileSync(caller.keyFile) };
    expect(await read(identity)).toBe(200);
    if (withCa) expect(await read({})).not.toBe(200);
    else expect(await read({})).toBe(200);
    await http.stop(1_000);
  }
});
