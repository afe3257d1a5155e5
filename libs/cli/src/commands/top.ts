import { setTimeout as sleep } from "node:timers/promises";
import type { Pixelmesh } from "@pixelmesh/client";
import { integerFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import { fitStart } from "../format/display-width.ts";
import { escapeLine } from "../format/safe-text.ts";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";
import type { MeshView } from "../top/view.ts";

type Options = { readonly address: string; readonly interval: number; readonly once?: true };

const askTimeoutMs = 5_000;
const pageSize = { columns: 200, rows: 60 };

/** Adds `top`. */
export function addTop(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("top")
    .summary("watch devices, queues, slots and jobs in flight")
    .description(
      "Shows devices with memory and zones, queues, slots and jobs in flight, until Ctrl-C. Elsewhere than on a terminal: once.",
    )
    .addOption(addressOption())
    .option("--interval <seconds>", "time between two updates", integerFlag("--interval", 1, 3_600), 2)
    .option("--once", "print one screen and end")
    .action(async ({ address, interval, once }: Options) => {
      const isLive = io.stdout.isTTY === true && io.env.TERM !== "dumb" && !once;
      await withMesh(io, address, (client) => (isLive ? watch(io, client, interval * 1_000) : printOnce(io, client)));
      finish(0);
    });
}

async function printOnce(io: CliIo, client: Pixelmesh): Promise<void> {
  const [{ takeView }, { renderTop }] = await Promise.all([import("../top/view.ts"), import("../top/render-top.ts")]);
  const view = await takeView(client, io.stopping);
  io.stdout.write(`${renderTop(view, pageSize).join("\n")}\n`);
}

/** Draws until the command is stopped. Shows when the mesh does not answer, and asks again. */
async function watch(io: CliIo, client: Pixelmesh, intervalMs: number): Promise<void> {
  const [{ takeView }, { renderTop }, { openScreen }, { toFailure }] = await Promise.all([
    import("../top/view.ts"),
    import("../top/render-top.ts"),
    import("../top/screen.ts"),
    import("../run/failure.ts"),
  ]);
  const screen = openScreen(io.stdout, io.forced);
  let last: MeshView | undefined;
  try {
    while (!io.stopping.aborted) {
      const { columns, rows } = screen.size();
      try {
        last = await takeView(client, AbortSignal.any([io.stopping, AbortSignal.timeout(askTimeoutMs)]));
        screen.draw(renderTop(last, { columns, rows }));
      } catch (error) {
        if (io.stopping.aborted) break;
        const { reason, message } = toFailure(error);
        const shown = last ? renderTop(last, { columns, rows: rows - 1 }) : [];
        screen.draw([fitStart(escapeLine(`no answer: ${reason}: ${message}`), columns), ...shown]);
      }
      await sleep(intervalMs, undefined, { signal: io.stopping }).catch(() => {});
    }
  } finally {
    screen.close();
  }
}
