import { setTimeout as sleep } from "node:timers/promises";
import { type GpuLine, gpuFields, isUnknownField, oldGpuFields, toGpuLine } from "./parse-gpus.ts";
import { type MigInstance, toMigInstances } from "./parse-mig.ts";
import { type GpuProcesses, toGpuProcesses } from "./parse-processes.ts";
import { askTool, type Watching, watchTool } from "./query.ts";

/** A GPU, or an instance of one, that can be seen right now. */
export type Gpu = {
  /** Its UUID. */
  readonly deviceId: string;
  readonly name: string;
  readonly totalBytes: number;
  /** In use by anybody, the driver included. */
  readonly observedBytes: number;
  /** By process id; undefined bytes: the driver does not tell. Processes it cannot see are missing. */
  readonly processes: ReadonlyMap<number, number | undefined>;
};

/** What the reader needs of a logger. */
export type GpuLog = { info(fields: object, message: string): void; warn(fields: object, message: string): void };

/** How GPUs are read. Times in ms. */
export type GpuReaderOptions = {
  readonly log: GpuLog;
  /** Found on PATH. Default `nvidia-smi`. */
  readonly command?: string;
  readonly everyMs?: number;
  /** A reading older than this is not told any more. */
  readonly staleMs?: number;
  /** The longest wait before a tool that ended is started again. */
  readonly maxBackOffMs?: number;
};

/** GPUs as `nvidia-smi` shows them, kept up until closed. */
export type GpuReader = {
  /** Those with a fresh reading, by index. Empty while the tool or the driver is away. */
  gpus(): readonly Gpu[];
  /** Resolves when GPUs were read, when the tool has ended twice without, or after `timeoutMs`; answers its last words where there are none. */
  settled(timeoutMs: number): Promise<string | undefined>;
  close(): Promise<void>;
};

/**
 * Keeps one `nvidia-smi --query-gpu … -lms` running and asks for processes (and MIG instances, where there are any) beside
 * it. A tool that ends, hangs, or is not there yet is started again with growing waits; its words are logged when they change.
 */
export function startGpuReader(options: GpuReaderOptions): GpuReader {
  const { log, command = "nvidia-smi", everyMs = 1_000, staleMs = 3 * everyMs, maxBackOffMs = 10_000 } = options;
  const closing = new AbortController();
  const lines = new Map<string, { readonly gpu: GpuLine; readonly atMs: number }>();
  let processes: GpuProcesses = new Map();
  let instances: { readonly list: readonly MigInstance[]; readonly atMs: number } = { list: [], atMs: 0 };
  let fields = gpuFields;
  let words = "";
  /** Lives of the tool in a row that read nothing. */
  let failures = 0;
  const isFresh = (atMs: number) => performance.now() - atMs <= staleMs;

  function note(text: string): void {
    if (text !== words) log.warn({ command, words: text }, "GPUs cannot be read");
    words = text;
  }

  /** One life of the tool; resolves when it has ended. */
  function watchOnce(): Promise<{ readonly hasRead: boolean }> {
    return new Promise((resolve) => {
      let hasRead = false;
      let lastMs = performance.now();
      let said = "";
      const args = [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits", `-lms`, String(everyMs)];
      const tool: Watching = watchTool(command, args, {
        line(text) {
          lastMs = performance.now();
          const parsed = toGpuLine(text);
          if (parsed.kind === "blank") return;
          if (parsed.kind === "words") {
            said = parsed.text;
            if (isUnknownField(said)) fields = oldGpuFields;
            note(said);
            return;
          }
          if (!hasRead) log.info({ name: parsed.gpu.name, uuid: parsed.gpu.uuid }, "GPUs can be read");
          hasRead = true;
          words = "";
          lines.set(parsed.gpu.uuid, { gpu: parsed.gpu, atMs: lastMs });
        },
        end(how) {
          clearInterval(watchdog);
          closing.signal.removeEventListener("abort", tool.end);
          if (!closing.signal.aborted) note(said || `${command} ended: ${how}`);
          resolve({ hasRead });
        },
      });
      // A driver that hangs takes the tool with it: silence is an end as well.
      const watchdog = setInterval(() => {
        if (performance.now() - lastMs > 5 * everyMs) tool.end();
      }, everyMs);
      closing.signal.addEventListener("abort", tool.end, { once: true });
    });
  }

  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      const before = fields;
      const { hasRead } = await watchOnce();
      failures = hasRead ? 0 : failures + 1;
      if (fields !== before) continue;
      const waitMs = Math.min(maxBackOffMs, 250 * 2 ** Math.min(failures, 16));
      await sleep(waitMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  async function askBeside(): Promise<void> {
    while (!closing.signal.aborted) {
      const seen = [...lines.values()].filter(({ atMs }) => isFresh(atMs));
      for (const [uuid, { atMs }] of lines) if (!isFresh(atMs)) lines.delete(uuid);
      const ask = (...args: string[]) => askTool(command, args, closing.signal);
      if (seen.length > 0)
        processes = toGpuProcesses(
          await ask("--query-compute-apps=gpu_uuid,pid,used_memory", "--format=csv,noheader,nounits"),
        );
      if (seen.some(({ gpu }) => gpu.isMig)) {
        const [list, xml] = [await ask("-L"), await ask("-q", "-x")];
        instances = { list: toMigInstances(list, xml), atMs: performance.now() };
      }
      await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  function gpus(): Gpu[] {
    const whole = [...lines.values()]
      .filter(({ gpu, atMs }) => !gpu.isMig && isFresh(atMs))
      .sort((a, b) => a.gpu.index - b.gpu.index)
      .map(({ gpu }) => ({ ...gpu, processes: processes.get(gpu.uuid) ?? new Map<number, number>() }));
    const parts = isFresh(instances.atMs) ? instances.list : [];
    return [...whole, ...parts].flatMap(({ uuid: deviceId, name, totalBytes, usedBytes, processes: used }) =>
      totalBytes === undefined || usedBytes === undefined
        ? []
        : [{ deviceId, name, totalBytes, observedBytes: usedBytes, processes: used }],
    );
  }

  const running = Promise.all([watch(), askBeside()]);
  return {
    gpus,
    async settled(timeoutMs) {
      const giveUpMs = performance.now() + timeoutMs;
      const mayCome = () => failures < 2 && performance.now() < giveUpMs && !closing.signal.aborted;
      while (gpus().length === 0 && mayCome()) await sleep(50);
      return gpus().length > 0 ? undefined : words || `${command} says nothing`;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
