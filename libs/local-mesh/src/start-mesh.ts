import { resolve } from "node:path";
import { AppError, maskSecretValue } from "@pixelmesh/errors";
import { type RoleName, startedRoles, version } from "@pixelmesh/roles";
import { claimMeshFile, type MeshProcess } from "./data-dir/mesh-file.ts";
import { createMeshFileWriter } from "./data-dir/mesh-file-writer.ts";
import { drain } from "./drain.ts";
import { type Launched, type LaunchPlan, launch } from "./launch.ts";
import { logPathOf, logsDirOf } from "./logs/mesh-logs.ts";
import type { Mesh, MeshEvent, MeshOptions } from "./mesh.ts";
import { loopback, toMeshProcess } from "./mesh-address.ts";
import { type ChosenPorts, choosePorts } from "./ports/choose-ports.ts";
import { assertInspectorsFree, withInspector } from "./processes/inspector.ts";
import { assertServices, parentWatch, type ServiceCommand, serviceCommand } from "./services/service-command.ts";
import { isSource, watchFiles } from "./services/watch-files.ts";

const portTries = 5;
const stopGraceMs = 25_000;
const restartGraceMs = 10_000;

/** A mesh whose services all served once. */
type Running = { readonly launched: Launched; readonly plan: Plan; readonly chosen: ChosenPorts };

type Plan = Omit<LaunchPlan, "chosen">;

/**
 * Starts a mesh and resolves when all its services serve. Throws SERVICE_UNAVAILABLE where the data directory is in use, a
 * port is taken, or a service ends before it serves (with the end of its log), BROKER_UNAVAILABLE where the broker does not
 * start. After an error, no process is left running.
 */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { env, services: names = startedRoles(options.env), host = loopback, brokerUrl, inspect = new Map() } = options;
  const { onEvent = () => {} } = options;
  if (options.command === undefined) assertServices();
  await assertInspectorsFree(inspect, loopback);
  const dataDir = resolve(options.dataDir);
  const file = await claimMeshFile(dataDir, version);
  const writeFile = createMeshFileWriter(file.write, (text) => onEvent({ kind: "trouble", text }));
  let running: Running | undefined;
  function writeFacts(): void {
    if (running === undefined) return;
    const { url, pid } = toBroker(running);
    // The file is not a secret; the address of a given broker may hold a password.
    writeFile({
      version,
      pid: process.pid,
      broker: { url: maskSecretValue(url), pid },
      services: toProcesses(running),
    });
  }

  const plan: Plan = {
    dataDir,
    host,
    brokerUrl,
    names,
    env,
    modelsDirs: options.modelsDirs ?? [],
    command: toInspectedCommand(options.command ?? ownCommand, inspect),
    signal: options.signal,
    onEvent,
    onRestart(name, restart) {
      writeFacts();
      onEvent({ kind: "restarted", name, ...restart });
    },
  };
  function release(): void {
    file.remove();
    running?.chosen.release();
  }

  try {
    running = await launchOnPorts(plan, options.ports);
    writeFacts();
    const { sourceDirs } = options;
    const unwatch = sourceDirs ? restartOnChange(running.launched, names, sourceDirs, onEvent) : () => {};
    return toMesh(running, dataDir, unwatch, release);
  } catch (error) {
    if (running) await drain(running.launched, 0);
    release();
    throw error;
  }
}

/** Launches the mesh, on other ports where a program took one between our check and the service's start. */
async function launchOnPorts(plan: Plan, ports: MeshOptions["ports"]): Promise<Running> {
  for (let tries = 1; ; tries += 1) {
    const chosen = await choosePorts(ports, plan.names, plan.env, plan.host);
    try {
      return { launched: await launch({ ...plan, chosen }), plan, chosen };
    } catch (error) {
      chosen.release();
      // Where ports are given, the next try checks them again and names the taken one.
      if (tries === portTries || !(error instanceof AppError && error.metadata.portTaken)) throw error;
    }
  }
}

/** Restarts services when their source files change. Returns a function that ends that. */
function restartOnChange(
  { services }: Launched,
  names: readonly RoleName[],
  sourceDirs: (name: RoleName) => readonly string[],
  onEvent: (event: MeshEvent) => void,
): () => void {
  return watchFiles(
    new Map(names.map((name) => [name, sourceDirs(name)])),
    isSource,
    (change) => {
      onEvent({ kind: "changed", ...change });
      for (const name of change.names) services.get(name)?.restart("its sources changed", restartGraceMs);
    },
    (text) => onEvent({ kind: "trouble", text }),
  );
}

function toMesh(running: Running, dataDir: string, unwatch: () => void, release: () => void): Mesh {
  const { launched, plan, chosen } = running;
  let stopping: Promise<void> | undefined;
  return {
    address: `${plan.host}:${chosen.ports.ingest.grpc}`,
    dataDir,
    broker: () => toBroker(running),
    processes: () => toProcesses(running),
    kill: (name, signal) => (name === "broker" ? launched.broker : launched.services.get(name))?.current().kill(signal),
    restart: (name, why) => launched.services.get(name)?.restart(why, restartGraceMs),
    logsDir: logsDirOf(dataDir),
    logPath: (name) => logPathOf(dataDir, name),
    stop(graceMs = stopGraceMs) {
      unwatch();
      stopping ??= drain(launched, graceMs).finally(release);
      return stopping;
    },
    stopNow() {
      unwatch();
      for (const service of launched.services.values()) service.stopNow();
      launched.broker?.stopNow();
      release();
    },
  };
}

function toProcesses({ launched, plan, chosen }: Running): MeshProcess[] {
  return [...launched.services].map(([name, { current }]) =>
    toMeshProcess(name, current().pid, chosen.ports, plan.host),
  );
}

function toBroker({ launched, plan }: Running): { readonly url: string; readonly pid: number } {
  if (launched.broker === undefined) return { url: plan.brokerUrl ?? "", pid: 0 };
  const { url, pid } = launched.broker.current();
  return { url, pid };
}

function toInspectedCommand(
  command: (name: RoleName) => ServiceCommand,
  inspect: ReadonlyMap<RoleName, number>,
): (name: RoleName) => ServiceCommand {
  return (name) => {
    const port = inspect.get(name);
    return port === undefined ? command(name) : withInspector(command(name), loopback, port);
  };
}

function ownCommand(name: RoleName): ServiceCommand {
  return serviceCommand(name, process.execPath, { preload: parentWatch });
}
