import { setTimeout as sleep } from "node:timers/promises";
import { type MigInstance, toMigInstances } from "./parse-mig.ts";
import { type GpuProcesses, toGpuProcesses } from "./parse-processes.ts";
import { runTool } from "./run-tool.ts";
import { type GpuLog, watchGpus } from "./watch-gpus.ts";

/** A GPU, or a MIG instance of one, with a fresh reading. */
export type Gpu = {
  /** Its UUID. */
  readonly deviceId: string;
  readonly name: string;
  readonly totalBytes: number;
  /** Memory used by all processes and by the driver. */
  readonly observedBytes: number;
  /** Bytes by process id; undefined if the driver does not report them. Processes that the tool cannot see are missing. */
  readonly processes: ReadonlyMap<number, number | undefined>;
};

/** Options of `startGpuReader`. Times in ms. */
export type GpuReaderOptions = {
  readonly log: GpuLog;
  /** Found on PATH. Default `nvidia-smi`. */
  readonly command?: string;
  /** Interval of readings. Default 1,000. */
  readonly everyMs?: number;
  /** Age above which a reading is not used any more. Default three intervals. */
  readonly staleMs?: number;
  /** The longest backoff before a tool that ended is started again. Default 10,000. */
  readonly maxBackOffMs?: number;
};

/** GPUs as `nvidia-smi` reports them, kept current until closed. */
export type GpuReader = {
  /** Returns the GPUs with a fresh reading, by index. Empty while the tool or the driver does not work. */
  gpus(): readonly Gpu[];
  /**
   * Resolves with undefined once GPUs were read. Resolves with the last message of the tool if it has ended twice without a
   * reading, or after `timeoutMs`.
   */
  firstReading(timeoutMs: number): Promise<string | undefined>;
  close(): Promise<void>;
};

/**
 * Watches GPUs with one long-lived `nvidia-smi`, and polls processes, and MIG instances if there are any, by short runs of it.
 */
export function startGpuReader(options: GpuReaderOptions): GpuReader {
  const { log, command = "nvidia-smi", everyMs = 1_000, staleMs = 3 * everyMs, maxBackOffMs = 10_000 } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const watch = watchGpus({ log, command, everyMs, staleMs, maxBackOffMs, signal });
  let processes: GpuProcesses = new Map();
  let instances: { readonly list: readonly MigInstance[]; readonly atMs: number } = { list: [], atMs: 0 };

  async function poll(): Promise<void> {
    while (!signal.aborted) {
      const gpus = watch.fresh();
      const run = (...args: string[]) => runTool(command, args, signal);
      if (gpus.length > 0) {
        processes = toGpuProcesses(
          await run("--query-compute-apps=gpu_uuid,pid,used_memory", "--format=csv,noheader,nounits"),
        );
      }
      if (gpus.some(({ isMig }) => isMig)) {
        const [list, xml] = [await run("-L"), await run("-q", "-x")];
        instances = { list: toMigInstances(list, xml), atMs: performance.now() };
      }
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  }

  function gpus(): Gpu[] {
    const whole = watch
      .fresh()
      .filter(({ isMig }) => !isMig)
      .sort((a, b) => a.index - b.index)
      .map((gpu) => ({ ...gpu, processes: processes.get(gpu.uuid) ?? new Map<number, number>() }));
    const parts = performance.now() - instances.atMs <= staleMs ? instances.list : [];
    return [...whole, ...parts].flatMap(({ uuid: deviceId, name, totalBytes, usedBytes, processes: used }) =>
      totalBytes === undefined || usedBytes === undefined
        ? []
        : [{ deviceId, name, totalBytes, observedBytes: usedBytes, processes: used }],
    );
  }

  const running = Promise.all([watch.ended, poll()]);
  return {
    gpus,
    async firstReading(timeoutMs) {
      const untilMs = performance.now() + timeoutMs;
      const mayCome = () => watch.failures() < 2 && performance.now() < untilMs && !signal.aborted;
      while (gpus().length === 0 && mayCome()) await sleep(50);
      return gpus().length > 0 ? undefined : watch.message() || `${command} printed nothing`;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
