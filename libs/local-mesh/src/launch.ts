import { join } from "node:path";
import { busFields, fileStoreSize } from "@pixelmesh/bus";
import { waitUntilServing } from "@pixelmesh/client";
import { type Env, loadConfig } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import type { RoleName } from "@pixelmesh/roles";
import { type BrokerChild, startBrokerChild } from "./broker.ts";
import { type Child, startChild } from "./child.ts";
import { type LogFile, openLogFile } from "./log-file.ts";
import { createLogTrouble } from "./log-trouble.ts";
import type { MeshPorts } from "./ports.ts";
import { toServiceEnv } from "./service-env.ts";
import type { ServiceCommand } from "./services.ts";
import { type Restart, type Supervised, supervise } from "./supervise.ts";

/** All that is decided before the first process is started. */
export type LaunchPlan = {
  readonly dataDir: string;
  readonly host: string;
  readonly ports: MeshPorts;
  readonly brokerPort: number;
  readonly names: readonly RoleName[];
  readonly env: Env;
  readonly modelsDirs: readonly string[];
  readonly command: (name: RoleName) => ServiceCommand;
  readonly signal: AbortSignal | undefined;
  readonly onBroker: (broker: BrokerChild) => void;
  readonly onReady: (name: RoleName, child: Child) => void;
  readonly onRestart: (name: RoleName | "broker", restart: Restart) => void;
  readonly onError: (name: RoleName, text: string) => void;
  /** Told when something fails that the mesh goes on without, and when it is over. */
  readonly onTrouble: (text: string) => void;
};

/** The processes of a mesh, each supervised. */
export type Launched = {
  readonly broker: Supervised<BrokerChild>;
  readonly services: ReadonlyMap<RoleName, Supervised<Child>>;
  closeLogs(): void;
};

const readyTimeoutMs = 60_000;

/** Where the logs of a mesh are. */
export function logsDirOf(dataDir: string): string {
  return join(dataDir, "logs");
}

/** Where the log of a service is. */
export function logPathOf(dataDir: string, name: RoleName): string {
  return join(logsDirOf(dataDir), `${name}.log`);
}

/**
 * Starts the broker, then all services side by side, and resolves when each serves. Throws SERVICE_UNAVAILABLE when one
 * ends before that (metadata `portTaken` if its port was gone), BROKER_UNAVAILABLE without a broker, or the signal's
 * reason; nothing is left running then.
 */
export async function launch(plan: LaunchPlan): Promise<Launched> {
  const { dataDir, host, ports, names } = plan;
  const giveUp = new AbortController();
  const signal = plan.signal ? AbortSignal.any([giveUp.signal, plan.signal]) : giveUp.signal;
  const onLogChange = createLogTrouble(plan.onTrouble);
  const openLog = (name: RoleName) =>
    openLogFile(logPathOf(dataDir, name), { onChange: (change) => onLogChange(name, change) });
  const logs = new Map(names.map((name) => [name, openLog(name)]));
  const closeLogs = () => {
    for (const log of logs.values()) log.close();
  };
  const services = new Map<RoleName, Supervised<Child>>();
  const begun: Child[] = [];
  let broker: Supervised<BrokerChild> | undefined;

  async function start(name: RoleName, env: Env): Promise<Child> {
    const child = await startChild(plan.command(name), env, logs.get(name) as LogFile, (text) =>
      plan.onError(name, text),
    );
    begun.push(child);
    // Another service may have failed while this one was being started.
    if (giveUp.signal.aborted) child.kill("SIGKILL");
    return child;
  }

  async function startFirst(name: RoleName, env: Env): Promise<void> {
    const child = await start(name, env);
    const serving = waitUntilServing(host, ports[name].health, { timeoutMs: readyTimeoutMs, signal });
    const ended = await Promise.race([serving.then(() => undefined), child.exited]);
    if (ended !== undefined) {
      serving.catch(() => {});
      throw endedEarly(name, ended, logs.get(name) as LogFile);
    }
    services.set(
      name,
      supervise(
        child,
        () => start(name, env),
        (restart) => plan.onRestart(name, restart),
      ),
    );
    plan.onReady(name, child);
  }

  try {
    const storeMaxBytes = plan.env.PIXELMESH_NATS_STORE_MAX
      ? loadConfig(busFields, plan.env).natsStoreMaxBytes
      : fileStoreSize(dataDir);
    const startIt = (until: AbortSignal) =>
      startBrokerChild({
        ...{ dataDir, port: plan.brokerPort, maxFileStoreBytes: storeMaxBytes, env: plan.env, signal: until },
        onWaiting: (ms, line) =>
          plan.onTrouble(`the broker is recovering what it holds, for ${Math.round(ms / 1_000)} s so far: ${line}`),
      });
    const first = await startIt(signal);
    begun.push(first);
    broker = supervise(
      first,
      (_previous, stopping) => startIt(stopping),
      (restart) => plan.onRestart("broker", restart),
    );
    plan.onBroker(first);
    const dirs = { blobsDir: join(dataDir, "blobs"), scratchDir: join(dataDir, "scratch") };
    const wiring = { host, ports, natsUrl: first.url, storeMaxBytes, ...dirs, modelsDirs: plan.modelsDirs };
    const env = toServiceEnv(plan.env, wiring);
    await Promise.all(names.map((name) => startFirst(name, env)));
    return { broker, services, closeLogs };
  } catch (error) {
    giveUp.abort();
    broker?.stopNow();
    for (const service of services.values()) service.stopNow();
    for (const child of begun) child.kill("SIGKILL");
    await Promise.all(begun.map(({ exited }) => exited));
    closeLogs();
    plan.signal?.throwIfAborted();
    throw error;
  }
}

function endedEarly(name: RoleName, ended: string, log: LogFile): AppError {
  const isPortTaken = /EADDRINUSE|No address added/.test(log.tail());
  return new AppError(
    "SERVICE_UNAVAILABLE",
    `${name} ended before it served (${ended}). Its log, ${log.path}, ends with:\n${log.tail().trim()}`,
    { metadata: isPortTaken ? { portTaken: name } : {} },
  );
}
