import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";

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
  /** Further lines of its configuration, such as TLS and who is let in. */
  readonly config?: readonly string[];
};

const readyTimeoutMs = 10_000;

/** The nats-server binary on PATH or where distributions put it. BROKER_UNAVAILABLE when there is none. */
export function findNatsServer(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const dirs = [
    ...(env.PATH ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
  ];
  const found = dirs.map((dir) => join(dir, "nats-server")).find((path) => existsSync(path));
  if (!found) throw new AppError("BROKER_UNAVAILABLE", "Expected nats-server on PATH and found none; run `make setup`");
  return found;
}

/** Starts nats-server with JetStream on loopback and waits until it takes clients. */
export async function startBroker({ dataDir, port = 0, config = [] }: BrokerOptions): Promise<Broker> {
  const binary = findNatsServer();
  const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).match(/v?(\d+\.\d+\.\d+)/)?.[1] ?? "0.0.0";
  mkdirSync(dataDir, { recursive: true });
  const configPath = join(dataDir, "nats.conf");
  writeFileSync(configPath, [brokerConfig(dataDir, port, version), ...config].join("\n"));

  const child = spawn(binary, ["--config", configPath, "--ports_file_dir", dataDir], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let lastLines = "";
  child.stderr.on("data", (chunk: Buffer) => {
    lastLines = (lastLines + chunk.toString()).slice(-4_000);
  });
  const exited = once(child, "exit").then(() => {});
  const portsPath = join(dataDir, `nats-server_${child.pid}.ports`);

  const giveUpMs = performance.now() + readyTimeoutMs;
  let url: string | undefined;
  while (url === undefined) {
    if (child.exitCode !== null || performance.now() > giveUpMs) {
      child.kill("SIGKILL");
      throw new AppError(
        "BROKER_UNAVAILABLE",
        `nats-server did not start: ${lastLines.trim().split("\n").at(-1) ?? "no output"}`,
      );
    }
    await sleep(10);
    url = readUrl(portsPath);
  }
  return {
    url,
    pid: child.pid as number,
    version,
    exited,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      const killer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(killer);
      rmSync(portsPath, { force: true });
    },
  };
}

function brokerConfig(dataDir: string, port: number, version: string): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  // 2.10 brought sync_interval: with `always` a confirmed write is on disk, not in the page cache.
  const sync = major > 2 || minor >= 10 ? "  sync_interval: always\n" : "";
  return [
    `listen: "127.0.0.1:${port === 0 ? -1 : port}"`,
    "max_payload: 1MB",
    "jetstream {",
    `  store_dir: ${JSON.stringify(join(dataDir, "jetstream"))}`,
    "  max_memory_store: 64MB",
    "  max_file_store: 4GB",
    `${sync}}`,
    "",
  ].join("\n");
}

function readUrl(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { nats: string[] }).nats[0];
  } catch {
    return undefined; // Not written yet, or half of it.
  }
}
