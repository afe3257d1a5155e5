// Preloaded by `node --import`: delays the calls of `node:fs/promises` and `fs` by callback of a process while the file SLOW_DISK_FILE names
// milliseconds, as a disk does that takes its time. Synchronous calls are not delayed. The file `<SLOW_DISK_FILE>.delayed` has the number of delayed calls.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const path = process.env.SLOW_DISK_FILE ?? "";
const everyMs = 50;
let delayMs = 0;
let delayed = 0;

function readDelay(): void {
  try {
    delayMs = Number(readFileSync(path, "utf8"));
  } catch {
    delayMs = 0;
  }
  if (delayed > 0) writeFileSync(`${path}.delayed`, String(delayed));
}

const { readFileSync, writeFileSync } = fs;
setInterval(readDelay, everyMs).unref();
const wait = () =>
  new Promise<void>((resolve) => {
    delayed += 1;
    setTimeout(resolve, delayMs);
  });

type Call = (...args: unknown[]) => Promise<unknown>;
type CallbackCall = (...args: unknown[]) => void;

const promises = fs.promises as unknown as Record<string, Call>;
for (const name of ["open", "rename", "stat", "rm", "utimes"]) {
  const call = promises[name] as Call;
  promises[name] = async (...args) => {
    if (delayMs > 0) await wait();
    const result = await call(...args);
    if (name === "open") slowHandle(result as Record<string, Call>);
    return result;
  };
}

function slowHandle(handle: Record<string, Call>): void {
  for (const name of ["write", "sync", "read"]) {
    const call = (handle[name] as Call).bind(handle);
    handle[name] = async (...args) => {
      if (delayMs > 0) await wait();
      return await call(...args);
    };
  }
}

const withCallbacks = fs as unknown as Record<string, CallbackCall>;
for (const name of ["open", "read", "fsync"]) {
  const call = withCallbacks[name] as CallbackCall;
  const slow: CallbackCall = (...args) => {
    if (delayMs > 0) void wait().then(() => call(...args));
    else call(...args);
  };
  // Also the hidden properties by which `promisify` names the results.
  withCallbacks[name] = Object.defineProperties(slow, Object.getOwnPropertyDescriptors(call));
}
syncBuiltinESMExports();
