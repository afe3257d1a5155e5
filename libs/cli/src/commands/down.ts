import { resolve } from "node:path";
import { integerFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";

/** Adds `down`. */
export function addDown(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("down")
    .summary("stop the mesh of a data directory")
    .description("Drains the mesh that `up` started on a data directory, as Ctrl-C does. Without one it does nothing.")
    .option("--data-dir <dir>", "data directory of the mesh", ".pixelmesh")
    .option(
      "--timeout <seconds>",
      "time to drain before the mesh is killed",
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

/** Longer than the grace of `up`, 25 s, whose last steps have their own limits. */
const defaultTimeoutS = 40;
