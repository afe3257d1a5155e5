import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { repeatedFlag } from "../flag-values.ts";
import type { CliIo } from "../io.ts";
import type { MeshEvent } from "../mesh/start-mesh.ts";
import { toShortTime } from "../text.ts";
import { wrongFlag } from "../usage-error.ts";

/** Adds `up`. */
export function addUp(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("up")
    .summary("start a mesh on this machine")
    .description("Starts a private broker and all services on loopback, restarts what crashes, drains on Ctrl-C.")
    .option("--data-dir <dir>", "where everything is kept", ".pixelmesh")
    .option("--models-dir <dir>", "further models; may be given several times", repeatedFlag(parseModelsDir))
    .action(async ({ dataDir, modelsDir }: { dataDir: string; modelsDir?: readonly string[] }) => {
      finish(await up(io, dataDir, modelsDir ?? []));
    });
}

async function up(io: CliIo, dataDir: string, modelsDirs: readonly string[]): Promise<number> {
  const { startMesh } = await import("../mesh/start-mesh.ts");
  const beginMs = performance.now();
  const mesh = await startMesh({
    dataDir,
    ports: "fixed",
    env: io.env,
    modelsDirs,
    signal: io.stopping,
    onEvent: (event) => say(event, io),
  });
  io.forced.addEventListener("abort", mesh.stopNow);
  io.stdout.write(
    `started in ${toShortTime(performance.now() - beginMs)}, data in ${mesh.dataDir}; Ctrl-C stops\nready\n`,
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
  }
}

function parseModelsDir(text: string): string {
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory()) return resolve(text);
  throw wrongFlag("--models-dir", "a directory that exists", text);
}
