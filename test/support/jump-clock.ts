// Preloaded by `node --import`: the wall clock of a process is ahead of the real one by what the file JUMP_CLOCK_FILE says: a JSON list of jumps
// [real time in ms, time ahead in ms], the newest last. The file `<JUMP_CLOCK_FILE>.<pid>` says how far ahead the process is. Change times of files, which the kernel keeps by the real clock, are ahead by what applied then,
// and so are the times of messages that the broker keeps (texts with nanoseconds). The monotonic clock is not changed.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

type Jump = readonly [atMs: number, aheadMs: number];

const path = process.env.JUMP_CLOCK_FILE ?? "";
const everyMs = 10;
const { readFileSync, writeFileSync } = fs;
const RealDate = Date;
let jumps: readonly Jump[] = [];

function readJumps(): void {
  try {
    const found = JSON.parse(readFileSync(path, "utf8")) as Jump[];
    const isNew = found.length !== jumps.length;
    jumps = found;
    if (isNew) writeFileSync(`${path}.${process.pid}`, String(aheadNow()));
  } catch {
    // Not written yet.
  }
}
const aheadNow = () => jumps.at(-1)?.[1] ?? 0;
const aheadAt = (realMs: number) => jumps.findLast(([atMs]) => atMs <= realMs)?.[1] ?? 0;

readJumps();
setInterval(readJumps, everyMs).unref();

const brokerTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{4,9}Z$/;

function parseTime(text: string): number {
  const realMs = RealDate.parse(text);
  return brokerTime.test(text) ? realMs + aheadAt(realMs) : realMs;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + aheadNow()] : args, newTarget),
  get(target, key, receiver) {
    if (key === "now") return () => RealDate.now() + aheadNow();
    return key === "parse" ? parseTime : Reflect.get(target, key, receiver);
  },
});

function shift<T>(stats: T): T {
  if (stats instanceof fs.Stats) stats.ctimeMs += aheadAt(stats.ctimeMs);
  return stats;
}

type Call = (...args: unknown[]) => unknown;
const sync = fs as unknown as Record<string, Call>;
for (const name of ["statSync", "fstatSync"]) {
  const call = sync[name] as Call;
  sync[name] = (...args) => shift(call(...args));
}
const promises = fs.promises as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
const { stat, open } = fs.promises as unknown as Record<"stat" | "open", (...args: unknown[]) => Promise<unknown>>;
promises.stat = async (...args) => shift(await stat(...args));
promises.open = async (...args) => {
  const handle = (await open(...args)) as { stat(...args: unknown[]): Promise<unknown> };
  const own = handle.stat.bind(handle);
  handle.stat = async (...rest) => shift(await own(...rest));
  return handle;
};
syncBuiltinESMExports();
