import { AppError } from "@pixelmesh/errors";
import type { RoleName } from "@pixelmesh/roles";
import { isFree } from "../ports/reserve-ports.ts";
import type { ServiceCommand } from "../services/service-command.ts";

/** The command of a Node process, with an inspector on this port of loopback; 0 is any free port. */
export function withInspector([node, ...args]: ServiceCommand, host: string, port: number): ServiceCommand {
  return [node, `--inspect=${host}:${port}`, ...args];
}

/** What one line of a process's standard error says about its inspector: its `ws:` URL, or why it has none. */
export function readInspectorLine(line: string): { readonly url?: string; readonly failure?: string } | undefined {
  const url = /^Debugger listening on (ws:\S+)/.exec(line)?.[1];
  if (url !== undefined) return { url };
  const failure = /^Starting inspector on (.+ failed: .*)/.exec(line)?.[1];
  return failure === undefined ? undefined : { failure };
}

/** Throws SERVICE_UNAVAILABLE where another program listens on the port of an inspector: Node itself would go on without one. */
export async function assertInspectorsFree(inspect: ReadonlyMap<RoleName, number>, host: string): Promise<void> {
  for (const [name, port] of inspect) {
    if (port === 0 || (await isFree(host, port))) continue;
    const text = `Expected port ${port} (${name}, inspector) to be free, but something listens there. Choose another port`;
    throw new AppError("SERVICE_UNAVAILABLE", text);
  }
}
