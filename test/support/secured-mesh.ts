import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, connectBus, startBroker } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { makeTestCa, makeTestOperator, type TestCa, type TestOperator } from "@pixelmesh/testing/security";
import { allAnnounced, startServices } from "./service-processes.ts";

/** Names of the services. `peer` is a second replica of ingest. */
const services = ["ingest", "scheduler", "storage", "effects", "peer"] as const;
type Service = (typeof services)[number];

/** A mesh with mutual TLS between all processes. The broker also requires credentials, and ingest a token. */
export type SecuredMesh = AsyncDisposable & {
  readonly dir: string;
  readonly ca: TestCa;
  readonly operator: TestOperator;
  readonly token: string;
  readonly brokerUrl: string;
  readonly bus: Bus;
  /** TLS files of a caller that the mesh admits. */
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
  readonly env: Readonly<Record<string, string>>;
  address(service: Service): string;
  errorOutput(service: Service): string;
  metrics(service: Service): Promise<string>;
};

/** Starts broker and services as separate processes, only with settings and files, as a cluster does. */
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

  const settings = {
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
  };
  const named = services.map((name) => ({
    name,
    service: name === "peer" ? "ingest" : name,
    instance: name === "peer" ? "1" : "0",
  }));
  const processes = await startServices(named, settings, "localhost");
  started.use(processes);
  const bus = await connectBus({
    natsUrl: broker.url,
    natsReplicas: 1,
    ackWaitMs: 30_000,
    name: "test",
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
    natsTlsCaFile: ca.caFile,
    natsTlsCertFile: own.certFile,
    natsTlsKeyFile: own.keyFile,
    natsCredsFile: operator.credsFile,
  });
  started.defer(bus.close);
  await allAnnounced(bus, services.length, () => services.map(processes.errorOutput));

  const running = started.move();
  return {
    dir,
    ca,
    operator,
    token,
    bus,
    brokerUrl: broker.url,
    env: processes.env,
    address: processes.address,
    tls: { caFile: ca.caFile, ...(await ca.issue("caller")) },
    errorOutput: processes.errorOutput,
    metrics: async (service) => (await fetch(processes.metricsUrl(service))).text(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
