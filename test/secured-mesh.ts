import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bus, connectBus, listServices, startBroker } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { makeTestCa, type TestCa } from "./certificates.ts";
import { makeTestOperator, type TestOperator } from "./nats-operator.ts";

/** `peer` is a second replica of ingest. */
const services = ["ingest", "scheduler", "storage", "effects", "peer"] as const;
type Service = (typeof services)[number];

/** A mesh in which everybody shows a certificate to everybody, the broker asks for credentials as well, and ingest for a token. */
export type SecuredMesh = AsyncDisposable & {
  readonly dir: string;
  readonly ca: TestCa;
  readonly operator: TestOperator;
  readonly token: string;
  readonly brokerUrl: string;
  readonly bus: Bus;
  /** TLS files of somebody who may call the mesh. */
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  readonly env: Readonly<Record<string, string>>;
  address(service: Service): string;
  said(service: Service): string;
  metrics(service: Service): Promise<string>;
};

/** Starts broker and services as processes of their own, with nothing but settings and files, as a cluster would. */
export async function startSecuredMesh(): Promise<SecuredMesh> {
  await using started = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-secured-"));
  started.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const [ca, operator] = await Promise.all([makeTestCa(dir), makeTestOperator(dir)]);
  const own = await ca.issue("pixelmesh");
  const nats = await ca.issue("nats");
  const broker = await startBroker({
    dataDir: join(dir, "nats"),
    config: [
      `tls { cert_file: "${nats.certFile}", key_file: "${nats.keyFile}", ca_file: "${ca.caFile}", verify: true }`,
      ...operator.config,
    ],
  });
  started.defer(() => broker.stop());
  const token = "a-token-of-the-test-0123456789";
  writeFileSync(join(dir, "tokens"), `${token}\n`);

  const ports = await freePorts(services.length * 3);
  const address = (service: Service) => `localhost:${ports[services.indexOf(service) * 3]}`;
  const env: Record<string, string> = {
    PIXELMESH_NATS_URL: broker.url,
    PIXELMESH_NATS_TLS_CA_FILE: ca.caFile,
    PIXELMESH_NATS_TLS_CERT_FILE: own.certFile,
    PIXELMESH_NATS_TLS_KEY_FILE: own.keyFile,
    PIXELMESH_NATS_CREDS_FILE: operator.credsFile,
    PIXELMESH_TLS_CA_FILE: ca.caFile,
    PIXELMESH_TLS_CERT_FILE: own.certFile,
    PIXELMESH_TLS_KEY_FILE: own.keyFile,
    PIXELMESH_TLS_SERVER_NAME: "pixelmesh",
    PIXELMESH_API_TOKENS_FILE: join(dir, "tokens"),
    PIXELMESH_STORAGE_DIR: join(dir, "blobs"),
    PIXELMESH_VERSION_LABEL: "1.2.3-canary",
    PIXELMESH_STOP_GRACE: "2s",
    ...Object.fromEntries(services.map((name) => [`PIXELMESH_${name.toUpperCase()}_ADDRESS`, address(name)])),
  };
  const said = new Map<Service, string>();
  for (const [at, name] of services.entries()) {
    const service = name === "peer" ? "ingest" : name;
    const main = fileURLToPath(new URL(`../services/${service}/src/main.ts`, import.meta.url));
    const [grpc, health, metrics] = ports.slice(at * 3);
    const area = `PIXELMESH_${service.toUpperCase()}`;
    const places = {
      PIXELMESH_INSTANCE: name === "peer" ? "1" : "0",
      [`${area}_GRPC_PORT`]: String(grpc),
      [`${area}_HEALTH_PORT`]: String(health),
      [`${area}_METRICS_PORT`]: String(metrics),
    };
    const args = ["--conditions=development", "--disable-warning=ExperimentalWarning", main];
    const options = { env: { ...process.env, ...env, ...places }, stdio: ["ignore", "ignore", "pipe"] as const };
    const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    const exited = once(child, "exit");
    child.stderr.on("data", (chunk: Buffer) => said.set(name, (said.get(name) ?? "") + chunk));
    started.defer(async () => {
      child.kill("SIGKILL");
      await exited;
    });
  }
  const bus = await connectBus({
    ...{ natsUrl: broker.url, natsReplicas: 1, ackWaitMs: 30_000, name: "test" },
    ...{ log: createLogger({ service: "test", level: "silent" }), metrics: createMetrics("test", "0") },
    natsTlsCaFile: ca.caFile,
    natsTlsCertFile: own.certFile,
    natsTlsKeyFile: own.keyFile,
    natsCredsFile: operator.credsFile,
  });
  started.defer(bus.close);
  await allAnnounced(bus, said);

  const running = started.move();
  return {
    ...{ dir, ca, operator, token, bus, env, address, brokerUrl: broker.url },
    tls: { caFile: ca.caFile, ...(await ca.issue("caller")) },
    said: (service) => said.get(service) ?? "",
    metrics: async (service) =>
      (await fetch(`http://127.0.0.1:${ports[services.indexOf(service) * 3 + 2]}/metrics`)).text(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function allAnnounced(bus: Bus, said: ReadonlyMap<Service, string>): Promise<void> {
  const untilMs = performance.now() + 120_000;
  for (;;) {
    // Before the first service made the bucket there is none.
    const known = await listServices(bus).catch(() => []);
    if (known.length === services.length) return;
    if (performance.now() > untilMs) throw new Error(`The mesh did not start: ${JSON.stringify([...said])}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** Below the range from which kernels give ports to outgoing connections: one of those could be taken again before a service listens. */
async function freePorts(count: number): Promise<number[]> {
  const free = new Set<number>();
  while (free.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) free.add(port);
  }
  return [...free];
}
