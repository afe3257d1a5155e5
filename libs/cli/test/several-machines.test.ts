import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBroker } from "@pixelmesh/bus";
import { connectPixelmesh, JobState, pipeline } from "@pixelmesh/client";
import { readMeshFile, reservePorts } from "@pixelmesh/local-mesh";
import sharp from "sharp";
import { expect, onTestFinished, test, vi } from "vitest";
import { startCli } from "./start-cli.ts";

const pixelmesh = fileURLToPath(new URL("../../../bin/pixelmesh", import.meta.url));

function createDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-machines-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A part of a mesh as another machine runs it: its own supervisor, data directory and address. Loopback has 16 million addresses. */
async function startMachine(flags: readonly string[], env: NodeJS.ProcessEnv) {
  const dataDir = createDir();
  const up: ChildProcess = spawn(pixelmesh, ["up", "--data-dir", dataDir, ...flags], {
    env: { ...process.env, ...env },
  });
  let text = "";
  for (const stream of [up.stdout, up.stderr]) stream?.on("data", (chunk) => (text += chunk));
  const exited = once(up, "exit");
  onTestFinished(async () => {
    up.kill("SIGTERM");
    await exited;
  });
  await vi.waitFor(() => expect(text).toMatch(/^ready$/m), { timeout: 60_000 });
  const { services, broker } = readMeshFile(join(dataDir, "mesh.json"))!;
  const addressOf = (name: string) => services.find((service) => service.name === name)!.grpc;
  return { dataDir, services, broker, addressOf, exited, stop: () => up.kill("SIGTERM") };
}

test("two machines share one broker: steps run on the machine that has their service", {
  timeout: 120_000,
}, async () => {
  const broker = await startBroker({ dataDir: createDir() });
  onTestFinished(() => broker.stop());
  // Ingest asks workers for their catalogues and passes direct calls on, so the first machine must know where the second one will listen.
  const reserved = await reservePorts("127.0.0.2", 3);
  onTestFinished(reserved.release);
  const [port, healthPort, metricsPort] = reserved.ports;
  const first = await startMachine(
    ["--port", "0", "--host", "127.0.0.1", "--broker", broker.url, "--only", "ingest,scheduler,storage"],
    {
      PIXELMESH_EFFECTS_ADDRESS: `127.0.0.2:${port}`,
      // No machine has these; this test does not use them.
      PIXELMESH_UPSCALE_ADDRESS: "127.0.0.2:1",
      PIXELMESH_BACKGROUND_ADDRESS: "127.0.0.2:1",
    },
  );
  const second = await startMachine(["--host", "127.0.0.2", "--broker", broker.url, "--only", "effects"], {
    PIXELMESH_EFFECTS_GRPC_PORT: String(port),
    PIXELMESH_EFFECTS_HEALTH_PORT: String(healthPort),
    PIXELMESH_EFFECTS_METRICS_PORT: String(metricsPort),
    PIXELMESH_STORAGE_ADDRESS: first.addressOf("storage"),
    PIXELMESH_SCHEDULER_ADDRESS: first.addressOf("scheduler"),
  });
  expect(first.services.map(({ name }) => name).sort()).toEqual(["ingest", "scheduler", "storage"]);
  expect(second.services).toMatchObject([{ name: "effects", grpc: expect.stringMatching(/^127\.0\.0\.2:/) }]);
  expect(first.broker).toEqual({ url: broker.url, pid: 0 });

  const client = connectPixelmesh({ address: first.addressOf("ingest") });
  onTestFinished(client.close);
  const picture = await sharp({ create: { width: 20, height: 10, channels: 3, background: "#102030" } })
    .png()
    .toBuffer();
  const { job, bytes } = await client.run(pipeline().effect("invert"), picture);
  const inverted = sharp(await bytes());
  // The value of an inverted channel is 255 minus the channel.
  expect([...(await inverted.raw().toBuffer()).subarray(0, 3)]).toEqual([255 - 0x10, 255 - 0x20, 255 - 0x30]);
  const { services } = await client.cluster();
  expect(services.filter(({ service }) => service === "effects")).toMatchObject([
    { instance: hostname(), grpcAddress: second.addressOf("effects") },
  ]);

  // A machine stops without the broker of the others.
  second.stop();
  expect(await second.exited).toEqual([0, null]);
  expect(await client.jobs.get(job.id)).toMatchObject({ state: JobState.SUCCEEDED });
  expect(() => readFileSync(join(second.dataDir, "nats.conf"))).toThrow("ENOENT");
});

test("a broker that does not answer, an address of no machine and a service without an address end `up` before it starts anything", async () => {
  const dataDir = createDir();
  const start = (...flags: string[]) => startCli(["up", "--data-dir", dataDir, "--port", "0", ...flags]).done;
  const unreachable = await start("--broker", "nats://user:secret@127.0.0.1:1");
  expect(unreachable.exitCode).not.toBe(0);
  expect(unreachable.err).toContain("127.0.0.1:1 ECONNREFUSED");
  expect(unreachable.err).not.toContain("secret");
  expect((await start("--host", "0.0.0.0")).err).toContain("`--host`");
  const incomplete = await start("--broker", "nats://127.0.0.1:4222", "--only", "effects");
  expect(incomplete).toMatchObject({ exitCode: 2 });
  expect(incomplete.err).toContain("PIXELMESH_SCHEDULER_ADDRESS to hold the address of scheduler, as HOST:7401");
});
