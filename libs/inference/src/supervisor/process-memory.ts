import { readFile } from "node:fs/promises";
import type { HostMemory } from "./inference-host.ts";

/**
 * Memory of a process as the kernel accounts it: /proc/<pid>/smaps_rollup, else /proc/<pid>/status. Null if neither can
 * be read: another system, or the process is gone.
 */
export async function readProcessMemory(pid: number): Promise<HostMemory | null> {
  return (
    (await read(`/proc/${pid}/smaps_rollup`, "Anonymous", "Rss")) ??
    (await read(`/proc/${pid}/status`, "RssAnon", "VmRSS"))
  );
}

async function read(path: string, anonymous: string, resident: string): Promise<HostMemory | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  const anonymousBytes = toBytes(text, anonymous);
  const residentBytes = toBytes(text, resident);
  return anonymousBytes === null || residentBytes === null ? null : { anonymousBytes, residentBytes };
}

function toBytes(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
  return found === null ? null : Number(found[1]) * 1024;
}
