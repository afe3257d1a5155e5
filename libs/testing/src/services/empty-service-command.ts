import { fileURLToPath } from "node:url";
import { parentWatch, type ServiceCommand } from "@pixelmesh/local-mesh";
import type { RoleName } from "@pixelmesh/roles";

const emptyService = fileURLToPath(new URL("empty-service.ts", import.meta.url));

/** Node's flags that run the sources of this project. */
export const sourceFlags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];

/** The command of a real service process that serves only health. */
export function emptyServiceCommand(name: RoleName): ServiceCommand {
  return [process.execPath, ...sourceFlags, "--import", parentWatch.href, emptyService, name];
}
