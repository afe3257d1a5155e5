import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { busFields, connectBus, provision } from "@pixelmesh/bus";
import { loadConfig } from "@pixelmesh/config";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, test } from "vitest";
import { natsServer, runBroker, writeNatsConf } from "./broker.ts";
import { profiles, render } from "./render.ts";

/** Version 2.9 of some distributions does not know sync_interval, so it cannot check the settings. */
const version = natsServer ? execFileSync(natsServer, ["--version"], { encoding: "utf8" }) : "";
const isNew = /v(2\.(1\d|[2-9]\d)|[3-9])\./.test(version);
if (!isNew)
  console.log(`broker.test.ts: SKIPPED, no nats-server that knows sync_interval (${version.trim() || "none"})`);

test.skipIf(!isNew).each(["no-keda", "prod"])("%s: a real nats-server accepts the settings", (profile) => {
  const { path } = writeNatsConf(profile, render({ profile }).objects);
  const check = () => spawnSync(natsServer ?? "", ["-t", "--config", path], { encoding: "utf8" });
  expect(readFileSync(path, "utf8")).toMatch(/"?sync_interval"?: "?always/);
  expect(readFileSync(path, "utf8").includes("routes")).toBe(profile === "prod");
  expect(check()).toMatchObject({ status: 0, stderr: expect.stringMatching(/configuration file .* is valid/) });
  writeFileSync(path, readFileSync(path, "utf8").replace("sync_interval", "sync_intervall"));
  expect(check().status).not.toBe(0);
});

test.skipIf(!isNew)(
  "the broker syncs every write, and its monitor port shows every queue that the ScaledObjects read",
  async () => {
    await using broker = await runBroker("no-keda", render({ profile: "no-keda" }).objects);
    const log = createLogger({ service: "test", instance: "0", level: "silent" });
    const config = loadConfig(busFields, { PIXELMESH_NATS_URL: broker.url });
    const bus = await connectBus({ ...config, name: "test", log, metrics: createMetrics("test", "0") });
    await provision(bus);
    await bus.close();
    const read = async (path: string) => (await fetch(`${broker.monitorUrl}${path}`)).json();
    expect(await read("/varz")).toMatchObject({
      jetstream: { config: { sync_interval: expect.any(Number) } },
      max_payload: 2 ** 20,
    });

    type Streams = {
      account_details: { name: string; stream_detail: { name: string; consumer_detail: { name: string }[] }[] }[];
    };
    const { account_details: accounts } = (await read(
      "/jsz?accounts=true&streams=true&consumers=true&config=true",
    )) as Streams;
    const there = accounts.flatMap((account) =>
      account.stream_detail.flatMap(({ name, consumer_detail: consumers = [] }) =>
        consumers.map((it) => `${account.name} ${name} ${it.name}`),
      ),
    );
    type Scaled = { spec: { triggers: { type: string; metadata: Record<string, string> }[] } };
    const asked = profiles
      .flatMap((profile) => render({ profile }).objects)
      .filter(({ kind }) => kind === "ScaledObject")
      .flatMap((it) => (it as unknown as Scaled).spec.triggers)
      .filter(({ type }) => type === "nats-jetstream")
      .map(({ metadata: { account, stream, consumer } }) => `${account} ${stream} ${consumer}`);
    expect(new Set(asked).size).toBe(8);
    expect(asked.filter((one) => !there.includes(one))).toEqual([]);
  },
);
