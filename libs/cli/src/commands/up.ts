import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { MeshEvent } from "@pixelmesh/local-mesh";
import type { Command } from "commander";
import { toShortTime } from "../format/text.ts";
import type { CliIo } from "../io.ts";
import { choiceFlag, repeatedFlag } from "../options/flag-values.ts";
import { wrongFlag } from "../options/usage-error.ts";

/** Adds `up`. */
export function addUp(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("up")
    .summary("start a mesh on this machine")
    .description("Starts a private broker and all services on loopback, restarts what crashes, drains on Ctrl-C.")
    .option("--data-dir <dir>", "where everything is kept", ".pixelmesh")
    .option("--models-dir <dir>", "further models; may be given several times", repeatedFlag(parseModelsDir))
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
    .action(async (options: UpOptions) => {
      finish(await up(io, options));
    });
}

const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;

type UpOptions = {
  readonly dataDir: string;
  readonly modelsDir?: readonly string[];
  readonly port?: number;
  readonly logLevel?: (typeof logLevels)[number];
};

async function up(io: CliIo, { dataDir, modelsDir = [], port, logLevel }: UpOptions): Promise<number> {
  // A mesh does not end because nothing reads what `up` prints any more, or the disk that holds it is full.
  io.keepOnWithoutOutput?.();
  const { startMesh } = await import("@pixelmesh/local-mesh");
  const beginMs = performance.now();
  const mesh = await startMesh({
    dataDir,
    ports: port === undefined ? "fixed" : port === 0 ? "free" : port,
    env: logLevel === undefined ? io.env : { ...io.env, PIXELMESH_LOG_LEVEL: logLevel },
    modelsDirs: modelsDir,
    signal: io.stopping,
    onEvent: (event) => say(event, io),
  });
  io.forced.addEventListener("abort", mesh.stopNow);
  io.stdout.write(
    `started in ${toShortTime(performance.now() - beginMs)}, data in ${mesh.dataDir}, logs in ${mesh.logsDir}; Ctrl-C stops\nready\n`,
  );
  await new Promise<void>((stop) => {
    if (io.stopping.aborted) stop();
    else io.stopping.addEventListener("abort", () => stop(), { once: true });
  });
  io.stdout.write("draining; Ctrl-C again stops at once\n");
  await mesh.stop();
  io.stdout.write("stopped\n");
  return 0;
}

function say(event: MeshEvent, io: CliIo): void {
  switch (event.kind) {
    case "broker":
      io.stdout.write(`${"broker".padEnd(10)}  ${event.url}\n`);
      break;
    case "ready": {
      const { name, grpc, health, metrics } = event.service;
      io.stdout.write(`${name.padEnd(10)}  ${grpc}  health ${health}  metrics ${metrics}\n`);
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

/** So that the last port, the metrics page of the last service, is one too. */
const highestPort = 65_535 - 205;

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port === 0 || (port >= 1024 && port <= highestPort)) return port;
  throw wrongFlag("--port", `0 or a port from 1024 to ${highestPort}`, text);
}

function parseModelsDir(text: string): string {
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory()) return resolve(text);
  throw wrongFlag("--models-dir", "a directory that exists", text);
}
