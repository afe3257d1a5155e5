// Starts a mesh with one empty service and prints `ready`: `node supervisor.ts DATA_DIR`. For tests that kill it.
import { emptyServiceCommand } from "@pixelmesh/testing/services";
import { startMesh } from "../src/index.ts";

await startMesh({
  dataDir: process.argv[2] as string,
  ports: "free",
  env: process.env,
  services: ["ingest"],
  command: emptyServiceCommand,
});
process.stdout.write("ready\n");
