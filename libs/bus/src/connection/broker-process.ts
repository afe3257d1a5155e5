import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { defaultBounds } from "../topology/stream-bounds.ts";
import { brokerConfigPath, writeBrokerConfig } from "./broker-config.ts";
import { followBrokerLog } from "./broker-log.ts";
import { maxFileStore } from "./file-store-size.ts";
import { findNatsServer } from "./find-nats-server.ts";
import { watchProgress } from "./process-progress.ts";

/** A private nats-server, a child of this process. */
export type Broker = {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  /** Resolves when the process has ended, for any reason. */
  readonly exited: Promise<void>;
  /** Ends it. SIGTERM (default) lets it write all data to disk. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
};

/** How a private broker is started. */
export type BrokerOptions = {
  /** Directory of its files; they survive restarts. */
  readonly dataDir: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Most bytes of its files; a smaller value than at an earlier start has no effect. */
  readonly maxFileStoreBytes?: number;
  /** Further lines of its configuration, such as TLS and users. */
  readonly config?: readonly string[];
  /** Environment that names nats-server; default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long it may make no progress (log lines, processor time, input and output) during the start; default 30 s. */
  readonly stallMs?: number;
  /** Called every 10 s during a longer start, with the time so far and the last line of the broker's log. */
  readonly onWaiting?: (waitedMs: number, lastLine: string) => void;
  /** Called with the process id as soon as the process runs. */
  readonly onSpawn?: (pid: number) => void;
  /** Aborts the start. */
  readonly signal?: AbortSignal;
};

const defaultStallMs = 30_000;
const reportEveryMs = 10_000;
const termGraceMs = 5_000;

/**
 * Starts nats-server with JetStream on loopback and waits until it accepts clients, as long as it makes progress: it may have much
 * to recover. Throws BROKER_UNAVAILABLE if it ends or stalls first (metadata `portTaken` if its port was taken), or the signal's
 * reason. No process is left after a throw.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { dataDir, port = 0, config = [], stallMs = defaultStallMs, signal } = options;
  const binary = findNatsServer(options.env);
  const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).match(/v?(\d+\.\d+\.\d+)/)?.[1] ?? "0.0.0";
  mkdirSync(dataDir, { recursive: true });
  const configPath = brokerConfigPath(dataDir);
  const maxFileStoreBytes = maxFileStore(configPath, options.maxFileStoreBytes ?? defaultBounds.natsStoreMaxBytes);
  writeBrokerConfig(configPath, { dataDir, version, maxFileStoreBytes }, config);
  signal?.throwIfAborted();

  const args = ["--config", configPath, "--addr", "127.0.0.1", "--port", String(port === 0 ? -1 : port)];
  const child = spawn(binary, [...args, "--ports_file_dir", dataDir], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    // Go's garbage collector lets the heap double between collections. Near this limit it collects sooner.
    env: { GOMEMLIMIT: "900MiB", ...process.env },
  });
  const log = followBrokerLog(child);
  // A program that cannot be executed has no pid and emits no `exit`.
  const exited = Promise.race([once(child, "exit"), once(child, "error").then(() => {})]).then(() => {});
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const portsPath = join(dataDir, `nats-server_${child.pid}.ports`);

  async function failStart(why: string): Promise<never> {
    child.kill("SIGKILL");
    if (child.pid !== undefined) await exited;
    signal?.throwIfAborted();
    const isPortTaken = /address already in use/.test(log.text());
    throw new AppError("BROKER_UNAVAILABLE", `nats-server ${why}: ${log.lastLine() || "it logged nothing"}`, {
      metadata: isPortTaken ? { portTaken: "broker" } : {},
    });
  }

  const beganMs = performance.now();
  const progress = watchProgress(child.pid ?? 0, log.size);
  let reportedMs = beganMs;
  let url: string | undefined;
  while (url === undefined) {
    await sleep(10);
    url = readUrl(portsPath) ?? log.url();
    if (url !== undefined) break;
    if (child.pid === undefined) await failStart("cannot be run");
    if (child.exitCode !== null || child.signalCode !== null || signal?.aborted) await failStart("did not start");
    if (progress.idleMs() > stallMs) await failStart(`made no progress for ${stallMs} ms while it started`);
    if (performance.now() - reportedMs > reportEveryMs) {
      reportedMs = performance.now();
      options.onWaiting?.(reportedMs - beganMs, log.lastLine());
    }
  }
  return {
    url,
    pid: child.pid as number,
    version,
    exited,
    async stop(name = "SIGTERM") {
      child.kill(name);
      const killer = setTimeout(() => child.kill("SIGKILL"), termGraceMs);
      await exited;
      clearTimeout(killer);
      rmSync(portsPath, { force: true });
    },
  };
}

function readUrl(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { nats: string[] }).nats[0];
  } catch {
    return undefined; // Not written yet, or only in part.
  }
}
