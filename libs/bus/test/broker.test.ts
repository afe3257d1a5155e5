import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { expect, onTestFinished, test } from "vitest";
import { findNatsServer } from "../src/connection/find-nats-server.ts";
import { startBroker } from "../src/index.ts";

function createDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-broker-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A program that runs shell commands before the real nats-server, like a broker with much to recover. */
function slowServer(dir: string, first: string): Record<string, string> {
  const path = join(dir, "slow-nats-server");
  const real = findNatsServer();
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && exec ${real} --version\n${first}\nexec ${real} "$@"\n`);
  chmodSync(path, 0o755);
  return { PIXELMESH_NATS_SERVER: path };
}

const busy = {
  "writes log lines": "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo restored $n >&2; sleep 0.5; done",
  "uses a processor":
    "end=$(($(date +%s) + 6)); while [ $(date +%s) -lt $end ]; do n=0; while [ $n -lt 20000 ]; do n=$((n + 1)); done; done",
};

test.each(Object.entries(busy))(
  "a start waits longer than the stall time for a broker that %s",
  async (_name, first) => {
    const dir = createDir();
    const beganMs = performance.now();
    const broker = await startBroker({ dataDir: join(dir, "data"), env: slowServer(dir, first), stallMs: 4_000 });
    onTestFinished(() => broker.stop());
    expect(performance.now() - beganMs).toBeGreaterThan(4_500);
    const client = await connect({ servers: broker.url });
    await client.close();
  },
);

test("a broker that makes no progress is killed, and the error has its last log line", async () => {
  const dir = createDir();
  const pids: number[] = [];
  const starting = startBroker({
    dataDir: join(dir, "data"),
    env: slowServer(dir, 'echo "restoring stream X" >&2; exec sleep 600'),
    stallMs: 1_000,
    onSpawn: (pid) => pids.push(pid),
  });
  await expect(starting).rejects.toMatchObject({
    reason: "BROKER_UNAVAILABLE",
    message: "nats-server made no progress for 1000 ms while it started: restoring stream X",
  });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(pids).toHaveLength(1);
});

test("the address of a broker without a ports file is read from its log", async () => {
  const dir = createDir();
  // The program drops the option for the ports file, so that none is written, as on a full disk.
  const real = findNatsServer();
  const path = join(dir, "nats-server-without-ports");
  const drop = 'for each; do shift; [ "$each" = "$skip" ] || set -- "$@" "$each"; done';
  writeFileSync(path, `#!/bin/sh\nskip=--ports_file_dir\n${drop}\nskip=$PORTS\n${drop}\nexec ${real} "$@"\n`);
  chmodSync(path, 0o755);
  const dataDir = join(dir, "data");
  process.env.PORTS = dataDir;
  onTestFinished(() => void delete process.env.PORTS);
  const broker = await startBroker({ dataDir, env: { PIXELMESH_NATS_SERVER: path } });
  onTestFinished(() => broker.stop());
  const client = await connect({ servers: broker.url });
  await client.close();
});

test("an aborted start leaves no process", async () => {
  const dir = createDir();
  const pids: number[] = [];
  const abort = new AbortController();
  const starting = startBroker({
    dataDir: join(dir, "data"),
    env: slowServer(dir, "exec sleep 600"),
    signal: abort.signal,
    onSpawn(pid) {
      pids.push(pid);
      abort.abort();
    },
  });
  await expect(starting).rejects.toThrow();
  expect(pids.filter(isAlive)).toEqual([]);
});

test("the error for a missing program names it", async () => {
  const env = { PIXELMESH_NATS_SERVER: "/nowhere/nats-server" };
  await expect(startBroker({ dataDir: createDir(), env })).rejects.toMatchObject({
    reason: "BROKER_UNAVAILABLE",
    message: expect.stringContaining("got /nowhere/nats-server"),
  });
});

test("the error for a taken port says so in its metadata", async () => {
  const first = await startBroker({ dataDir: createDir() });
  onTestFinished(() => first.stop());
  const port = Number(new URL(first.url).port);
  await expect(startBroker({ dataDir: createDir(), port })).rejects.toMatchObject({
    reason: "BROKER_UNAVAILABLE",
    metadata: { portTaken: "broker" },
  });
});
