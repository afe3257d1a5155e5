import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { KubeObject } from "./objects.ts";
import { chartDir, hasNatsChart } from "./render.ts";

type Tree = { [key: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

function merge(under: Tree, over: Tree): Tree {
  const both = Object.entries(over).map(([key, value]) => {
    const below = under[key];
    return [key, isTree(below) && isTree(value) ? merge(below, value) : value];
  });
  return { ...under, ...Object.fromEntries(both) };
}

/** Returns the values of the NATS chart in one of our profiles. */
function natsValues(profile: string): { config: Tree & Record<"cluster" | "jetstream" | "monitor", Tree> } {
  const read = (path: string) => parse(readFileSync(join(chartDir, path), "utf8")) as Tree;
  return merge(read("values.yaml"), read(`ci/${profile}-values.yaml`)).nats as never;
}

/** Formats a setting for nats.conf. `<< 1MB >>` is the NATS chart's notation for a word without quotes. */
function toConf(value: unknown, indent = ""): string {
  if (Array.isArray(value)) return `[${value.map((one) => toConf(one)).join(", ")}]`;
  if (isTree(value)) {
    const lines = Object.entries(value).map(([key, one]) => `${indent}  ${key}: ${toConf(one, `${indent}  `)}`);
    return `{\n${lines.join("\n")}\n${indent}}`;
  }
  const raw = typeof value === "string" ? /^<< (.*) >>$/.exec(value)?.[1] : undefined;
  return raw ?? (typeof value === "string" && !/^[a-z]+$/.test(value) ? JSON.stringify(value) : String(value));
}

/**
 * Returns the nats.conf of a profile: the one that the NATS chart rendered, else one built from the values as the chart's
 * files/config/*.yaml document it. Stores are in `dataDir` and ports are free ones, so that the broker can run on this machine.
 */
export function natsConf(profile: string, objects: readonly KubeObject[], dataDir: string): string {
  const { config } = natsValues(profile);
  if (hasNatsChart) {
    const map = objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith("-nats-config"));
    const text = (map as unknown as { data: Record<string, string> }).data["nats.conf"] ?? "";
    return text
      .replaceAll("/data", dataDir)
      .replaceAll(/\$(POD_NAME|SERVER_NAME)/g, '"mesh-nats-0"')
      .replace('"http_port": 8222', '"http": "127.0.0.1:-1"')
      .replace('"port": 4222', '"host": "127.0.0.1", "port": -1')
      .replace(/^ *"?pid_file.*\n/m, "");
  }
  const { merge: over = {}, jetstream, cluster, monitor } = config;
  const routes = Array.from({ length: Number(cluster.replicas) }, (_, at) => `nats://127.0.0.1:${16_222 + at}`);
  const { merge: overStore = {} } = jetstream as { merge?: Tree };
  const conf = {
    server_name: "mesh-nats-0",
    lame_duck_grace_period: "10s",
    lame_duck_duration: "30s",
    listen: "127.0.0.1:-1",
    ...(monitor.enabled ? { http: "127.0.0.1:-1" } : {}),
    ...(cluster.enabled ? { cluster: { name: "mesh-nats", listen: "127.0.0.1:-1", no_advertise: true, routes } } : {}),
    jetstream: merge({ max_memory_store: 0, store_dir: dataDir, max_file_store: "<< 20Gi >>" }, overStore as Tree),
    ...(over as Tree),
  };
  return Object.entries(conf)
    .map(([key, value]) => `${key}: ${toConf(value)}\n`)
    .join("");
}
