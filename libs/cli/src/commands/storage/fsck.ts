import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { addressOption } from "../../options/address-option.ts";

type Options = {
  readonly address: string;
  readonly repair?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
};

const help = `
Compares the index (bucket \`blobs\` of the broker) with the shared store of all storage replicas (PIXELMESH_STORAGE_COLD).
It may run while the mesh works. --repair rebuilds missing entries, removes entries without a blob, and sets corrupt blobs aside.
Exits with 1 while a difference is left.

Examples:
  pixelmesh storage fsck
  pixelmesh storage fsck --repair          # after the broker lost its data
  pixelmesh storage fsck --verify --json   # reads every blob`;

/** Adds `storage fsck`. */
export function addFsck(storage: Command, io: CliIo, finish: (exitCode: number) => void): void {
  storage
    .command("fsck")
    .description("Compares the index of the shared store with the blobs in it.")
    .addOption(addressOption())
    .option("--repair", "repair what differs")
    .option("--verify", "also read every blob and compare it with its digest")
    .option("--json", "print one JSON object a line")
    .addHelpText("after", help)
    .action(async ({ address, repair = false, verify = false, json = false }: Options) => {
      const { withMesh } = await import("../../mesh-client/with-mesh.ts");
      const { checkStorage } = await import("./check-storage.ts");
      const left = await withMesh(io, address, (client) => checkStorage(client, { repair, verify, json }, io));
      finish(left > 0 ? 1 : 0);
    });
}
