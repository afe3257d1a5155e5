import { fileURLToPath } from "node:url";
import type { ServiceName } from "../src/index.ts";
import type { ServiceCommand } from "../src/mesh/services.ts";

const parentWatch = new URL("../src/mesh/parent-watch.ts", import.meta.url).href;
const emptyService = fileURLToPath(new URL("empty-service.ts", import.meta.url));

/** Node's flags for sources of this project. */
export const sourceFlags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];

/** A real service process that serves nothing but health. */
export function emptyServiceCommand(name: ServiceName): ServiceCommand {
  return [process.execPath, ...sourceFlags, "--import", parentWatch, emptyService, name];
}
