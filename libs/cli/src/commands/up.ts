import { relative } from "node:path";
import { choiceFlag, repeatedFlag } from "@pixelmesh/flag-values";
import type { Mesh, MeshEvent, MeshOptions } from "@pixelmesh/local-mesh";
import { type RoleName, roleNames, startedRoles } from "@pixelmesh/roles";
import type { Command } from "commander";
import { toShortTime } from "../format/text.ts";
import type { CliIo } from "../io.ts";
import { inspectFlag, servicesFlag } from "../options/service-flags.ts";
import { assertServicesFound, parseHost, parseModelsDir, parsePort, toInspected } from "../options/up-flags.ts";
import { toMeshModelsEnv } from "./models/mesh-models-env.ts";

const examples = `
Examples:
  pixelmesh up                                    a whole mesh
  pixelmesh up --pull recommended                 with the models that are better than the bundled ones
  pixelmesh up --only ingest,scheduler,storage    a part of one; another terminal or a debugger runs the rest
  pixelmesh up --watch --inspect upscale          for work on the code
  pixelmesh up --host 10.0.0.2 --broker nats://10.0.0.1:4222 --only effects
                                                  more workers for a mesh on another machine`;

/** Adds `up`. */
export function addUp(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("up")
    .summary("start a mesh on this machine")
    .description(
      "Starts a private broker and all services on loopback, restarts services that crash, and drains on Ctrl-C. With --broker and --host, the services are part of a mesh of several machines.",
    )
    .option("--data-dir <dir>", "directory of blobs, broker files and logs", ".pixelmesh")
    .option("--models-dir <dir>", "a further directory of models; repeatable", repeatedFlag(parseModelsDir))
    .option(
      "--port <port>",
      "of ingest; the other ports follow it, health +100, metrics +200; 0: any free ones (default: 7400, or as variables say)",
      parsePort,
    )
    .option(
      "--log-level <level>",
      `least level that services log: ${logLevels.join(", ")} (default: PIXELMESH_LOG_LEVEL, or warn)`,
      choiceFlag("--log-level", logLevels),
    )
    .option(
      "--host <host>",
      "address or name of this machine that services listen on and are called at; calls are not encrypted without TLS settings (default: 127.0.0.1)",
      parseHost,
    )
    .option(
      "--broker <url>",
      "use this NATS server, as nats://HOST:4222, instead of a private one; variables such as PIXELMESH_STORAGE_ADDRESS name the services that --only leaves out",
    )
    .option("--only <services>", "start only these, separated by commas (default: all)", servicesFlag("--only"))
    .option(
      "--inspect <service[:port]>",
      "run this service with Node's inspector, by default on port 9229; 0: any free one; repeatable",
      repeatedFlag(inspectFlag("--inspect")),
    )
    .option(
      "--pull <name>",
      "pull this model first; `recommended`: those that the manifest prefers, for at most 10 s; the mesh starts without what does not come; repeatable",
      repeatedFlag((name) => name),
    )
    .option("--watch", "restart a service when its source files change")
    .addHelpText("after", `\nServices: ${roleNames.join(", ")}\n${examples}`)
    .action(async (options: UpOptions) => {
      finish(await up(io, options));
    });
}

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;

type UpOptions = {
  readonly dataDir: string;
  readonly modelsDir?: readonly string[];
  readonly port?: number;
  readonly host?: string;
  readonly broker?: string;
  readonly logLevel?: (typeof logLevels)[number];
  readonly only?: readonly RoleName[];
  readonly inspect?: readonly (readonly [RoleName, number])[];
  readonly pull?: readonly string[];
  readonly watch?: true;
};

async function up(io: CliIo, options: UpOptions): Promise<number> {
  const inspect = toInspected(options);
  if (options.broker !== undefined) assertServicesFound(options.only ?? startedRoles(io.env), io.env);
  // A mesh keeps running when its reader ends, or when the disk that holds its output is full.
  io.keepOnWithoutOutput?.();
  if (options.pull) {
    const { pullBeforeStart } = await import("./models/pull-before-start.ts");
    await pullBeforeStart(options.pull, options.modelsDir ?? [], io);
  }
  const { sourceDirsOf, startIdleCollection, startMesh } = await import("@pixelmesh/local-mesh");
  const { watchModels } = await import("./models/watch-models.ts");
  const started = Promise.withResolvers<Mesh>();
  const watching = watchModels({
    mesh: started.promise,
    env: toMeshModelsEnv(io.env, options.modelsDir ?? []),
    say: (line) => io.stderr.write(`${line}\n`),
  });
  try {
    const beginMs = performance.now();
    const mesh = await startMesh({
      dataDir: options.dataDir,
      ports: toPorts(options.port),
      env: options.logLevel === undefined ? io.env : { ...io.env, PIXELMESH_LOG_LEVEL: options.logLevel },
      modelsDirs: options.modelsDir ?? [],
      inspect,
      signal: io.stopping,
      onEvent: (event) => printEvent(event, io),
      ...(options.only ? { services: options.only } : {}),
      ...(options.host ? { host: options.host } : {}),
      ...(options.broker ? { brokerUrl: options.broker } : {}),
      ...(options.watch ? { sourceDirs: sourceDirsOf } : {}),
    });
    io.forced.addEventListener("abort", mesh.stopNow);
    started.resolve(mesh);
    startIdleCollection();
    io.stdout.write(
      `started in ${toShortTime(performance.now() - beginMs)}, data in ${mesh.dataDir}, logs in ${mesh.logsDir}; Ctrl-C stops\nready\n`,
    );
    await new Promise<void>((stop) => {
      if (io.stopping.aborted) stop();
      else io.stopping.addEventListener("abort", () => stop(), { once: true });
    });
    (await watching)();
    io.stdout.write("draining; Ctrl-C again stops at once\n");
    await mesh.stop();
    io.stdout.write("stopped\n");
  } finally {
    (await watching)();
  }
  return 0;
}

function toPorts(port: number | undefined): MeshOptions["ports"] {
  if (port === undefined) return "fixed";
  return port === 0 ? "free" : port;
}

function printEvent(event: MeshEvent, io: CliIo): void {
  switch (event.kind) {
    case "broker":
      io.stdout.write(`${"broker".padEnd(10)}  ${event.url}\n`);
      break;
    case "ready": {
      const { name, grpc, health, metrics } = event.service;
      io.stdout.write(`${name.padEnd(10)}  ${grpc}  health ${health}  metrics ${metrics}\n`);
      break;
    }
    case "inspector":
      io.stdout.write(`${event.name.padEnd(10)}  inspector ${event.url}\n`);
      break;
    case "changed": {
      const paths = event.paths.map((path) => relative(process.cwd(), path)).join(", ");
      const others = event.count > event.paths.length ? ` and ${event.count - event.paths.length} more` : "";
      io.stdout.write(`changed ${paths}${others}; restarting ${event.names.join(", ")}\n`);
      break;
    }
    case "restarted":
      io.stdout.write(`restarted ${event.name} (${event.why}), attempt ${event.attempt}\n`);
      break;
    case "error":
      io.stderr.write(`${event.name}: ${event.text}\n`);
      break;
    case "trouble":
      io.stderr.write(`${event.text}\n`);
  }
}
