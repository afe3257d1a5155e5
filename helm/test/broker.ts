import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { natsConf } from "./nats-config.ts";
import type { KubeObject } from "./objects.ts";
import { findTool } from "./render.ts";

/** A nats-server of the NATS chart's release, which `make check-deploy` builds; the distribution's may be older than its settings. */
export const natsServer = findTool("nats-server");

/** Writes a profile's broker settings; answers the file and a place for its data. */
export function writeNatsConf(profile: string, objects: readonly KubeObject[]): { dir: string; path: string } {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-nats-"));
  const path = join(dir, "nats.conf");
  writeFileSync(path, natsConf(profile, objects, join(dir, "store")));
  return { dir, path };
}

/** Runs a broker with a profile's settings; ended at the end of its block. */
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
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
