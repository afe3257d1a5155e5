import { join } from "node:path";
import { busFields, fileStoreSize } from "@pixelmesh/bus/broker";
import { type Env, loadConfig } from "@pixelmesh/config";
import { AppError, maskSecretValue } from "@pixelmesh/errors";
import type { RoleName } from "@pixelmesh/roles";
import type { LogFile } from "./logs/log-file.ts";
import { openMeshLogs } from "./logs/mesh-logs.ts";
import type { MeshEvent } from "./mesh.ts";
import { loopback, toMeshProcess } from "./mesh-address.ts";
import type { ChosenPorts } from "./ports/choose-ports.ts";
import { type BrokerChild, startBrokerChild } from "./processes/broker.ts";
import { type Child, startChild } from "./processes/child.ts";
import { toErrorText } from "./processes/error-text.ts";
import { assertBrokerAnswers } from "./processes/given-broker.ts";
import { readInspectorLine } from "./processes/inspector.ts";
import { type Restart, type Supervised, supervise } from "./processes/supervise.ts";
import type { ServiceCommand } from "./services/service-command.ts";
import { toServiceEnv } from "./services/service-env.ts";

/** Everything that is decided before the first process starts. */
export type LaunchPlan = {
  readonly dataDir: string;
  /** Where services listen and are called. */
  readonly host: string;
  /** Broker that is used instead of a private one. */
  readonly brokerUrl: string | undefined;
  readonly chosen: ChosenPorts;
  readonly names: readonly RoleName[];
  readonly env: Env;
  readonly modelsDirs: readonly string[];
  readonly command: (name: RoleName) => ServiceCommand;
  readonly signal: AbortSignal | undefined;
  /** Gets every event but `restarted`. */
  readonly onEvent: (event: MeshEvent) => void;
  readonly onRestart: (name: RoleName | "broker", restart: Restart) => void;
};

/** The supervised processes of a mesh. `broker` is undefined where the mesh uses the broker of `brokerUrl`. */
export type Launched = {
  readonly broker: Supervised<BrokerChild> | undefined;
  readonly services: ReadonlyMap<RoleName, Supervised<Child>>;
  closeLogs(): void;
};

const readyTimeoutMs = 60_000;

/**
 * Starts the services and the broker in parallel, and resolves when all serve. A service waits for the broker by itself, and loads its
 * modules meanwhile. Throws SERVICE_UNAVAILABLE when a service ends before it serves (metadata `portTaken` if its port was taken),
 * BROKER_UNAVAILABLE when the broker does not start or a given one does not answer, or the signal's reason. After an error, no process is left running.
 */
export async function launch(plan: LaunchPlan): Promise<Launched> {
  const { dataDir, host, brokerUrl, names, onEvent, onRestart } = plan;
  const { ports } = plan.chosen;
  const giveUp = new AbortController();
  const signal = plan.signal ? AbortSignal.any([giveUp.signal, plan.signal]) : giveUp.signal;
  const logs = openMeshLogs(dataDir, names, (text) => onEvent({ kind: "trouble", text }));
  const services = new Map<RoleName, Supervised<Child>>();
  const begun: Child[] = [];
  const starts: Promise<unknown>[] = [];
  let broker: Supervised<BrokerChild> | undefined;

  async function start(name: RoleName, env: Env): Promise<Child> {
    const child = await startChild(plan.command(name), env, logs.of(name), (line) => reportLine(name, line, onEvent));
    // Another service may have failed while this one started.
    if (giveUp.signal.aborted) child.kill("SIGKILL");
    return child;
  }

  async function startFirst(name: RoleName, env: Env, hasBroker: Promise<unknown>): Promise<void> {
    const child = await start(name, env);
    begun.push(child);
    // Recovery of a broker's files may take longer than a service may take to start. A service that ends meanwhile is reported at once.
    await Promise.race([hasBroker, child.exited]);
    await waitForService(name, child, { host, port: ports[name].health }, logs.of(name), signal);
    const restart = () => start(name, env);
    services.set(
      name,
      supervise(child, restart, (why) => onRestart(name, why)),
    );
    onEvent({ kind: "ready", service: toMeshProcess(name, child.pid, ports, host) });
  }

  try {
    const storeMaxBytes = brokerUrl ? 0 : toStoreMaxBytes(plan.env, dataDir);
    const startBroker = (until: AbortSignal) => startPlannedBroker(plan, storeMaxBytes, until);
    const startFirstBroker = async () => {
      const first = await startBroker(signal);
      begun.push(first);
      broker = supervise(
        first,
        (_previous, stopping) => startBroker(stopping),
        (restart) => onRestart("broker", restart),
      );
      onEvent({ kind: "broker", url: first.url, pid: first.pid });
      return broker;
    };
    const env = toServiceEnv(plan.env, {
      host,
      ports,
      names,
      broker: brokerUrl
        ? { url: brokerUrl, isPrivate: false }
        : { url: `nats://${loopback}:${plan.chosen.brokerPort}`, isPrivate: true, storeMaxBytes },
      blobsDir: join(dataDir, "blobs"),
      scratchDir: join(dataDir, "scratch"),
      modelsDirs: plan.modelsDirs,
    });
    // After the services, which take longer to start.
    const brokerStart = brokerUrl ? findGivenBroker(brokerUrl, onEvent) : Promise.resolve().then(startFirstBroker);
    starts.push(...names.map((name) => startFirst(name, env, brokerStart)), brokerStart);
    await Promise.all(starts);
    return { broker: await brokerStart, services, closeLogs: logs.close };
  } catch (error) {
    giveUp.abort();
    // A process that was just being spawned is known only then.
    await Promise.allSettled(starts);
    broker?.stopNow();
    for (const service of services.values()) service.stopNow();
    for (const child of begun) child.kill("SIGKILL");
    await Promise.all(begun.map(({ exited }) => exited));
    logs.close();
    plan.signal?.throwIfAborted();
    throw error;
  }
}

/** Resolves to no child once a server of `url` accepts connections. */
async function findGivenBroker(url: string, onEvent: (event: MeshEvent) => void): Promise<undefined> {
  await assertBrokerAnswers(url);
  onEvent({ kind: "broker", url: maskSecretValue(url), pid: 0 });
}

/** Size limit of the broker's files: that of the environment, or a share of the disk. */
function toStoreMaxBytes(env: Env, dataDir: string): number {
  return env.PIXELMESH_NATS_STORE_MAX ? loadConfig(busFields, env).natsStoreMaxBytes : fileStoreSize(dataDir);
}

function startPlannedBroker(plan: LaunchPlan, maxFileStoreBytes: number, signal: AbortSignal): Promise<BrokerChild> {
  return startBrokerChild({
    dataDir: plan.dataDir,
    port: plan.chosen.brokerPort,
    maxFileStoreBytes,
    env: plan.env,
    signal,
    onWaiting: (ms, line) => {
      const text = `the broker is recovering what it holds, for ${Math.round(ms / 1_000)} s so far: ${line}`;
      plan.onEvent({ kind: "trouble", text });
    },
  });
}

/** Resolves when the service serves. Throws SERVICE_UNAVAILABLE, with the end of its log, when it ends before. */
async function waitForService(
  name: RoleName,
  child: Child,
  { host, port }: { readonly host: string; readonly port: number },
  log: LogFile,
  signal: AbortSignal,
): Promise<void> {
  // Loaded while the service loads its own modules.
  const { waitUntilServing } = await import("@pixelmesh/client/processes");
  const serving = waitUntilServing(host, port, { timeoutMs: readyTimeoutMs, signal });
  const ended = await Promise.race([serving.then(() => undefined), child.exited]);
  if (ended === undefined) return;
  serving.catch(() => {});
  const isPortTaken = /EADDRINUSE|No address added/.test(log.tail());
  throw new AppError(
    "SERVICE_UNAVAILABLE",
    `${name} ended before it served (${ended}). Its log, ${log.path}, ends with:\n${log.tail().trim()}`,
    { metadata: isPortTaken ? { portTaken: name } : {} },
  );
}

/** Turns a line of a service's standard error into an event, where it is one. */
function reportLine(name: RoleName, line: string, onEvent: (event: MeshEvent) => void): void {
  const text = toErrorText(line);
  if (text !== undefined) onEvent({ kind: "error", name, text });
  const inspector = readInspectorLine(line);
  if (inspector?.url) onEvent({ kind: "inspector", name, url: inspector.url });
  if (inspector?.failure) onEvent({ kind: "trouble", text: `${name} runs without an inspector: ${inspector.failure}` });
}
