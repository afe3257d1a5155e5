// Starts one empty service and says so: `node keeper.ts DATA_DIR`. For the test that kills it.
import { fileURLToPath } from "node:url";
import { startMesh } from "../src/index.ts";

const watch = new URL("../src/parent-watch.ts", import.meta.url).href;
const service = fileURLToPath(new URL("empty-service.ts", import.meta.url));

await startMesh({
  dataDir: process.argv[2] as string,
  ports: "free",
  env: process.env,
  services: ["ingest"],
  command: (name) => [process.execPath, "--conditions=development", "--import", watch, service, name],
});
process.stdout.write("ready\n");
