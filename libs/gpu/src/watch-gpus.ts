import { setTimeout as sleep } from "node:timers/promises";
import { type GpuLine, gpuFields, isUnknownField, oldGpuFields, toGpuLine } from "./parse-gpus.ts";
import { type WatchedTool, watchTool } from "./run-tool.ts";

/** The part of a logger that this package uses. */
export type GpuLog = { info(fields: object, message: string): void; warn(fields: object, message: string): void };

/** Options of `watchGpus`. Times in ms. */
export type GpuWatchOptions = {
  readonly log: GpuLog;
  readonly command: string;
  /** Interval of readings. */
  readonly everyMs: number;
  /** Age above which a reading is not used any more. */
  readonly staleMs: number;
  /** The longest backoff before a tool that ended is started again. */
  readonly maxBackOffMs: number;
  /** Ends the tool and the watch. */
  readonly signal: AbortSignal;
};

/** The GPUs that one long-lived `nvidia-smi --query-gpu … -lms` prints. */
export type GpuWatch = {
  /** Returns the GPUs with a fresh reading. */
  fresh(): GpuLine[];
  /** Number of consecutive starts of the tool without a reading. */
  failures(): number;
  /** The last message of the tool or driver that was no reading; empty after a reading. */
  message(): string;
  /** Resolves when the watch has ended. */
  readonly ended: Promise<void>;
};

/**
 * Keeps the tool running. Starts it again, with backoff, after it ended or printed nothing for five intervals. Its messages are
 * logged when they change.
 */
export function watchGpus(options: GpuWatchOptions): GpuWatch {
  const { log, command, everyMs, staleMs, maxBackOffMs, signal } = options;
  const readings = new Map<string, { readonly gpu: GpuLine; readonly atMs: number }>();
  let fields = gpuFields;
  let message = "";
  let failures = 0;

  function setMessage(text: string): void {
    if (text !== message) log.warn({ command, detail: text }, "GPUs cannot be read");
    message = text;
  }

  /** Runs the tool once. Resolves when it has ended. */
  function runOnce(): Promise<{ readonly hasRead: boolean }> {
    return new Promise((resolve) => {
      let hasRead = false;
      let lastMs = performance.now();
      let lastMessage = "";
      const args = [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits", `-lms`, String(everyMs)];
      const tool: WatchedTool = watchTool(command, args, {
        line(text) {
          lastMs = performance.now();
          const parsed = toGpuLine(text);
          if (parsed.kind === "blank") return;
          if (parsed.kind === "message") {
            lastMessage = parsed.text;
            if (isUnknownField(lastMessage)) fields = oldGpuFields;
            setMessage(lastMessage);
            return;
          }
          if (!hasRead) log.info({ name: parsed.gpu.name, uuid: parsed.gpu.uuid }, "GPUs can be read");
          hasRead = true;
          message = "";
          readings.set(parsed.gpu.uuid, { gpu: parsed.gpu, atMs: lastMs });
        },
        end(how) {
          clearInterval(watchdog);
          signal.removeEventListener("abort", tool.end);
          if (!signal.aborted) setMessage(lastMessage || `${command} ended: ${how}`);
          resolve({ hasRead });
        },
      });
      // The tool hangs together with its driver.
      const watchdog = setInterval(() => {
        if (performance.now() - lastMs > 5 * everyMs) tool.end();
      }, everyMs);
      signal.addEventListener("abort", tool.end, { once: true });
    });
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const before = fields;
      const { hasRead } = await runOnce();
      failures = hasRead ? 0 : failures + 1;
      if (fields !== before) continue;
      const waitMs = Math.min(maxBackOffMs, 250 * 2 ** Math.min(failures, 16));
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  return {
    fresh() {
      const oldestMs = performance.now() - staleMs;
      for (const [uuid, { atMs }] of readings) if (atMs < oldestMs) readings.delete(uuid);
      return [...readings.values()].map(({ gpu }) => gpu);
    },
    failures: () => failures,
    message: () => message,
    ended: run(),
  };
}
