import { fileURLToPath } from "node:url";
import type { RoleName } from "@pixelmesh/roles";
import type { ServiceCommand } from "../src/services.ts";

const parentWatch = new URL("../src/parent-watch.ts", import.meta.url).href;
const emptyService = fileURLToPath(new URL("empty-service.ts", import.meta.url));

/** Node's flags for sources of this project. */
export const sourceFlags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];

/** A real service process that serves nothing but health. */
export function emptyServiceCommand(name: RoleName): ServiceCommand {
  return [process.execPath, ...sourceFlags, "--import", parentWatch, emptyService, name];
}
