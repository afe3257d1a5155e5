import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { defaultBounds } from "../topology/stream-bounds.ts";
import { maxFileStore } from "./file-store-size.ts";
import { findNatsServer } from "./find-nats-server.ts";
import { watchProgress } from "./process-progress.ts";

/** A private nats-server, a child of this process. */
export type Broker = {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  /** Resolves when the process has ended, whoever ended it. */
  readonly exited: Promise<void>;
  /** Ends it; SIGTERM lets it write everything out. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
};

/** How a private broker is started. */
export type BrokerOptions = {
  /** Its files; kept over restarts. */
  readonly dataDir: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /** Most bytes of its files; never less than it was told before. */
  readonly maxFileStoreBytes?: number;
  /** Further lines of its configuration, such as TLS and who is let in. */
  readonly config?: readonly string[];
  /** Where nats-server is looked for; default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long it may show no progress (log lines, processor time, input and output) before it takes clients; default 30 s. */
  readonly stallMs?: number;
  /** Told every 10 s of a start that takes longer: for how long, and the last line of the broker's log. */
  readonly onWaiting?: (waitedMs: number, lastLine: string) => void;
  /** Told of the process as soon as it runs. */
  readonly onSpawn?: (pid: number) => void;
  /** Ends the start. */
  readonly signal?: AbortSignal;
};

const defaultStallMs = 30_000;
const sayEveryMs = 10_000;
const termGraceMs = 5_000;

/** The configuration file of the broker of a data directory; its path in a command line tells whose broker a process is. */
export function brokerConfigPath(dataDir: string): string {
  return join(realpathSync(dataDir), "nats.conf");
}

/**
 * Starts nats-server with JetStream on loopback and waits until it takes clients: for as long as it makes progress, since it may
 * have much to recover. Throws BROKER_UNAVAILABLE where it ends or stalls before that (metadata `portTaken` if its port was gone), or
 * the signal's reason; it has ended then.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { dataDir, port = 0, config = [], stallMs = defaultStallMs, signal } = options;
  const binary = findNatsServer(options.env);
  const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).match(/v?(\d+\.\d+\.\d+)/)?.[1] ?? "0.0.0";
  mkdirSync(dataDir, { recursive: true });
  const configPath = brokerConfigPath(dataDir);
  const maxBytes = maxFileStore(configPath, options.maxFileStoreBytes ?? defaultBounds.natsStoreMaxBytes);
  writeWhereChanged(configPath, [brokerConfig(dataDir, version, maxBytes), ...config].join("\n"));
  signal?.throwIfAborted();

  const args = ["--config", configPath, "--addr", "127.0.0.1", "--port", String(port === 0 ? -1 : port)];
  const child = spawn(binary, [...args, "--ports_file_dir", dataDir], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    // Go's collector lets memory double before it collects; near this it collects sooner.
    env: { GOMEMLIMIT: "900MiB", ...process.env },
  });
  const log = followLog(child);
  // A program that cannot be run at all has no pid and never exits.
  const exited = Promise.race([once(child, "exit"), once(child, "error").then(() => {})]).then(() => {});
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const portsPath = join(dataDir, `nats-server_${child.pid}.ports`);

  async function giveUp(why: string): Promise<never> {
    child.kill("SIGKILL");
    if (child.pid !== undefined) await exited;
    signal?.throwIfAborted();
    const isPortTaken = /address already in use/.test(log.text());
    throw new AppError("BROKER_UNAVAILABLE", `nats-server ${why}: ${log.lastLine() || "it said nothing"}`, {
      metadata: isPortTaken ? { portTaken: "broker" } : {},
    });
  }

  const beganMs = performance.now();
  const progress = watchProgress(child.pid ?? 0, log.size);
  let saidMs = beganMs;
  let url: string | undefined;
  while (url === undefined) {
    await sleep(10);
    url = readUrl(portsPath) ?? log.url();
    if (url !== undefined) break;
    if (child.pid === undefined) await giveUp("cannot be run");
    if (child.exitCode !== null || child.signalCode !== null || signal?.aborted) await giveUp("did not start");
    if (progress.idleMs() > stallMs) await giveUp(`made no progress for ${stallMs} ms while it started`);
    if (performance.now() - saidMs > sayEveryMs) {
      saidMs = performance.now();
      options.onWaiting?.(saidMs - beganMs, log.lastLine());
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

/** What the broker writes about itself: the end of it, its size, and where it says that it listens. */
function followLog(child: ChildProcess) {
  let text = "";
  let size = 0;
  let url: string | undefined;
  child.on("error", (error) => (text += error.message));
  child.stderr?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    text = (text + chunk.toString()).slice(-4_000);
    // Where the ports file cannot be written, on a full disk, this line still tells.
    const address = /Listening for client connections on (\S+:\d+)\s*\n[\s\S]*Server is ready/.exec(text)?.[1];
    if (address) url ??= `nats://${address}`;
  });
  return {
    text: () => text,
    size: () => size,
    url: () => url,
    lastLine: () => text.trim().split("\n").at(-1) ?? "",
  };
}

function brokerConfig(dataDir: string, version: string, maxFileStoreBytes: number): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  // 2.10 brought sync_interval: with `always` a confirmed write is on disk, not in the page cache.
  const sync = major > 2 || minor >= 10 ? "  sync_interval: always\n" : "";
  return [
    "max_payload: 1MB",
    "jetstream {",
    `  store_dir: ${JSON.stringify(join(dataDir, "jetstream"))}`,
    "  max_memory_store: 64MB",
    `  max_file_store: ${maxFileStoreBytes}`,
    `${sync}}`,
    "",
  ].join("\n");
}

/** A restart must not need room on the disk for a file that is there already. */
function writeWhereChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function readUrl(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { nats: string[] }).nats[0];
  } catch {
    return undefined; // Not written yet, or half of it.
  }
}
