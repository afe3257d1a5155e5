import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestMesh } from "@pixelmesh/testing";
import { robot } from "@pixelmesh/testing/jobs";
import { expect, onTestFinished, test } from "vitest";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

const pixelmesh = fileURLToPath(new URL("../../bin/pixelmesh", import.meta.url));

/** An HTTP proxy that counts its connections and closes each at once. */
async function startUselessProxy() {
  const counts = { connections: 0 };
  const server = createServer((socket) => {
    counts.connections += 1;
    socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { counts, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

/** All variables that set a proxy for all addresses. */
function proxyVariables(url: string): Record<string, string> {
  const names = ["http_proxy", "https_proxy", "grpc_proxy", "all_proxy"];
  const all = [...names, ...names.map((name) => name.toUpperCase())].map((name) => [name, url] as const);
  return { ...Object.fromEntries(all), no_proxy: "", NO_PROXY: "", no_grpc_proxy: "", NODE_USE_ENV_PROXY: "1" };
}

async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(pixelmesh, args, { env });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
  const [code] = await once(child, "close");
  return { code, text };
}

test("a mesh, its telemetry and its command line work in an environment that sets an HTTP proxy", async () => {
  const { counts, url } = await startUselessProxy();
  await using receiver = await startOtlpReceiver();
  const proxied = proxyVariables(url);
  await using mesh = await startTestMesh({
    services: ["ingest", "scheduler", "storage", "effects"],
    env: {
      ...proxied,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      PIXELMESH_TRACES_KEPT: "100%",
      PIXELMESH_TRACES_SEND_EVERY: "100ms",
    },
  });
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-proxy-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const picture = join(dir, "robot.png");
  writeFileSync(picture, robot);
  const env = { ...process.env, ...proxied };

  const status = await runCommand(["status", "--address", mesh.address], env);
  expect(status).toMatchObject({ code: 0 });
  const args = ["run", picture, "--effect", "pop_art", "--no-cache", "--out-dir", dir, "--address", mesh.address];
  const run = await runCommand(args, env);
  expect(run, run.text).toMatchObject({ code: 0 });
  expect(readdirSync(dir)).toHaveLength(2);
  await expect.poll(() => receiver.spans().length).toBeGreaterThan(0);
  expect(counts.connections).toBe(0);

  // With this setting calls go through the proxy, which closes them all.
  const asked = await runCommand(["status", "--address", mesh.address], { ...env, PIXELMESH_RPC_HTTP_PROXY: "true" });
  expect(asked.code).toBe(1);
  expect(counts.connections).toBeGreaterThan(0);
});
