import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { runService } from "@pixelmesh/service";
import { remoteFields, startRemote } from "../../src/index.ts";

// Kills itself, as a crash would, before the first durable write whose name is in the file of the argument. It removes that file first, so that the process that
// is started in its place lives, and writes the names of all writes to a second one.
const [, , killFile = ""] = process.argv;

async function onWrite(what: string): Promise<void> {
  writeFileSync(`${killFile}.writes`, `${what}\n`, { flag: "a" });
  if (!existsSync(killFile) || readFileSync(killFile, "utf8") !== what) return;
  rmSync(killFile);
  process.kill(process.pid, "SIGKILL");
  // The signal arrives before anything is written.
  await new Promise(() => {});
}

await runService(process, "remote", remoteFields, (config, life, log) => startRemote(config, life, log, { onWrite }));
