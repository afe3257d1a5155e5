import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBus, provision, startBroker } from "@pixelmesh/bus";
import { workerRoles } from "@pixelmesh/roles";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";

const dayMs = 24 * 3_600_000;

test("the page about retention names every stream and bucket of the broker, with its age, and each has a bound of bytes", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-streams-"));
  const broker = await startBroker({ dataDir });
  const log = createLogger({ service: "test", level: "silent" });
  const metrics = createMetrics("test", "0");
  const options = {
    natsUrl: broker.url,
    natsReplicas: 1,
    ackWaitMs: 2_000,
    name: "test",
    natsOwner: "a-mesh",
    log,
    metrics,
  };
  const bus = await connectBus(options);
  onTestFinished(async () => {
    await bus.close();
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await provision(bus);
  const real = new Map<string, number>();
  for await (const { config } of bus.jsm.streams.list()) {
    expect(config.max_bytes, config.name).toBeGreaterThan(0);
    real.set(config.name, (config.max_age ?? 0) / 1e6);
  }
  const page = readFileSync(new URL("../../docs/explanation/retention.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([\w<>]+)` \| [^|]+ \| ([^|]+) \| /gm)].map(([, name = "", age = ""]) => ({
    name,
    age,
  }));
  const named = rows.flatMap(({ name, age }) =>
    name === "WORK_<ROLE>"
      ? workerRoles.map((role) => [`WORK_${role.toUpperCase()}`, toMs(age)] as const)
      : [[name, toMs(age)] as const],
  );
  expect(Object.fromEntries([...named].sort())).toEqual(Object.fromEntries([...real].sort()));
});

/** `7 d`, `61 min`, `10 s` or `none` in milliseconds. */
function toMs(age: string): number {
  if (age === "none") return 0;
  const [, count, unit = ""] = /^(\d+) (d|min|s)$/.exec(age) ?? [];
  const unitMs = { d: dayMs, min: 60_000, s: 1_000 }[unit];
  if (count === undefined || unitMs === undefined) throw new Error(`The page has an age of another form: ${age}`);
  return Number(count) * unitMs;
}
