import { resolve } from "node:path";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { integerFlag } from "../options/flag-values.ts";

/** Adds `down`. */
export function addDown(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("down")
    .summary("stop the mesh of a data directory")
    .description("Drains the mesh that `up` started on a data directory, as Ctrl-C does. Without one it does nothing.")
    .option("--data-dir <dir>", "of the mesh", ".pixelmesh")
    .option(
      "--timeout <seconds>",
      "how long it may drain before it is killed",
      integerFlag("--timeout", 0, 3_600),
      defaultTimeoutS,
    )
    .action(async ({ dataDir, timeout }: { dataDir: string; timeout: number }) => {
      const { stopMesh } = await import("@pixelmesh/local-mesh");
      const dir = resolve(dataDir);
      const outcome = await stopMesh(dir, timeout * 1_000, (text) => io.stderr.write(`${text}\n`));
      io.stdout.write(outcome === "stopped" ? `stopped the mesh on ${dir}\n` : `no mesh runs on ${dir}\n`);
      finish(0);
    });
}

/** The grace of `up` is 25 s, and its last steps have their own bounds. */
const defaultTimeoutS = 40;
