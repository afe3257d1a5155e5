import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Env } from "@pixelmesh/config";
import { UsageError, wrongFlag } from "@pixelmesh/flag-values";
import { addressVariable, type RoleName, roleNames, roles, startSetting } from "@pixelmesh/roles";

type InspectOptions = {
  readonly inspect?: readonly (readonly [RoleName, number])[];
  readonly only?: readonly RoleName[];
};

/** The port of each inspected service. Throws UsageError for two services on one port, or a service that `--only` leaves out. */
export function toInspected({ inspect = [], only = roleNames }: InspectOptions): ReadonlyMap<RoleName, number> {
  const ports = new Map<RoleName, number>();
  for (const [name, port] of inspect) {
    if (!only.includes(name)) throw new UsageError(`Expected \`--inspect ${name}\` to be one of \`--only\``);
    if (port !== 0 && [...ports].some(([other, taken]) => other !== name && taken === port))
      throw new UsageError(`Expected each \`--inspect\` to have its own port, got ${port} twice; use \`${name}:PORT\``);
    ports.set(name, port);
  }
  return ports;
}

/** Throws UsageError where a service calls one that `--only` leaves out and no variable says where that one runs. */
export function assertServicesFound(names: readonly RoleName[], env: Env): void {
  for (const name of names) {
    for (const called of roles[name].calls as readonly RoleName[]) {
      // A mesh may be without the roles that a setting starts.
      const isNeeded = startSetting(called) === undefined;
      if (names.includes(called) || !isNeeded || env[addressVariable(called)]) continue;
      throw new UsageError(
        `Expected ${addressVariable(called)} to hold the address of ${called}, as HOST:${roles[called].port}: ${name} calls it, and \`--only\` leaves it out`,
      );
    }
  }
}

/** An address of no machine in particular cannot be given to other machines. */
export function parseHost(text: string): string {
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text) && !/^0+(\.0+){0,3}$/.test(text)) return text;
  throw wrongFlag("--host", "an IPv4 address or a name of this machine that other machines reach it at", text);
}

/** The metrics port of the gateway, 280 above, is a valid port too. */
const highestPort = 65_535 - 280;

export function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port === 0 || (port >= 1024 && port <= highestPort)) return port;
  throw wrongFlag("--port", `0 or a port from 1024 to ${highestPort}`, text);
}

export function parseModelsDir(text: string): string {
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory()) return resolve(text);
  throw wrongFlag("--models-dir", "a directory that exists", text);
}
