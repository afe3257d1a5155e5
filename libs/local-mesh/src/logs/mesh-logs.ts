import { join } from "node:path";
import type { RoleName } from "@pixelmesh/roles";
import { createLogFailures } from "./log-failures.ts";
import { type LogFile, openLogFile } from "./log-file.ts";

/** The open logs of a mesh, one file a service. */
export type MeshLogs = { of(name: RoleName): LogFile; close(): void };

/** Directory of the logs of a mesh. */
export function logsDirOf(dataDir: string): string {
  return join(dataDir, "logs");
}

/** Path of the log of a service. */
export function logPathOf(dataDir: string, name: RoleName): string {
  return join(logsDirOf(dataDir), `${name}.log`);
}

/** Opens the logs of these services. `report` gets a line when they cannot be written, and one when they are written again. */
export function openMeshLogs(dataDir: string, names: readonly RoleName[], report: (text: string) => void): MeshLogs {
  const onLogChange = createLogFailures(report);
  const openLog = (name: RoleName) =>
    openLogFile(logPathOf(dataDir, name), { onChange: (change) => onLogChange(name, change) });
  const logs = new Map(names.map((name) => [name, openLog(name)]));
  return {
    of: (name) => logs.get(name) as LogFile,
    close() {
      for (const log of logs.values()) log.close();
    },
  };
}
