import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { natsConf } from "./nats-config.ts";
import type { KubeObject } from "./objects.ts";
import { findTool, scratchDir } from "./render.ts";

/** The nats-server that `make check-deploy` builds, of the NATS chart's release. A distribution's may be too old for the settings. */
export const natsServer = findTool("nats-server");

/** Writes a profile's broker settings. Returns the file and a folder for the broker's data. */
export function writeNatsConf(profile: string, objects: readonly KubeObject[]): { dir: string; path: string } {
  const dir = scratchDir("nats");
  const path = join(dir, "nats.conf");
  writeFileSync(path, natsConf(profile, objects, join(dir, "store")));
  return { dir, path };
}

/** Runs a broker with a profile's settings. Disposal ends it. */
export async function runBroker(profile: string, objects: readonly KubeObject[]) {
  const { dir, path } = writeNatsConf(profile, objects);
  const child = spawn(natsServer ?? "nats-server", ["--config", path, "--ports_file_dir", dir], { stdio: "ignore" });
  const ports = join(dir, `nats-server_${child.pid}.ports`);
  let found: { nats: string[]; monitoring: string[] } | undefined;
  for (let tries = 0; found === undefined && tries < 600 && child.exitCode === null; tries++) {
    await sleep(50);
    try {
      found = JSON.parse(readFileSync(ports, "utf8"));
    } catch {
      // Not written yet.
    }
  }
  if (found === undefined) throw new Error(`nats-server did not start with ${path}`);
  return {
    url: found.nats[0] ?? "",
    monitorUrl: found.monitoring[0] ?? "",
    [Symbol.asyncDispose]: async () => {
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
