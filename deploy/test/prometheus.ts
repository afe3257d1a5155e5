import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { reservePorts } from "@pixelmesh/local-mesh";

/** A running Prometheus that scrapes its targets and evaluates its rules every second. */
export type Prometheus = {
  /** Returns the labels of the firing alerts with a name. */
  firing(alert: string): Promise<Record<string, string>[]>;
  query(expr: string): Promise<{ metric: Record<string, string>; value: number }[]>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts Prometheus on loopback and resolves when it is ready. Targets have the form `host:port`. */
export async function startPrometheus(targets: readonly string[], rules: string): Promise<Prometheus> {
  const dir = mkdtempSync(`${tmpdir()}/pixelmesh-prometheus-`);
  writeFileSync(`${dir}/rules.yaml`, rules);
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [`${dir}/rules.yaml`],
    scrape_configs: [{ job_name: "pixelmesh", static_configs: [{ targets }] }],
  };
  writeFileSync(`${dir}/prometheus.yaml`, JSON.stringify(config));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    "prometheus",
    [
      `--config.file=${dir}/prometheus.yaml`,
      `--storage.tsdb.path=${dir}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => {
    output = (output + chunk).slice(-4_000);
  });
  const exited = once(child, "exit");
  for (let tries = 0; !(await isReady(url)); tries++) {
    if (tries > 300 || child.exitCode !== null) throw new Error(`Prometheus did not start: ${output}`);
    await sleep(100);
  }

  async function query(expr: string) {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
    type Result = { metric: Record<string, string>; value: [number, string] };
    const { data, error } = (await answer.json()) as { data?: { result: Result[] }; error?: string };
    if (data === undefined) throw new Error(`Prometheus refuses "${expr}": ${error}`);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }
  return {
    query,
    firing: async (alert) =>
      (await query(`ALERTS{alertname="${alert}", alertstate="firing"}`)).map(({ metric }) => metric),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const isReady = (url: string) =>
  fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Reserves a port, because Prometheus does not report a port that it chose itself. The reservation lasts as long as this process. */
async function freePort(): Promise<number> {
  const { ports } = await reservePorts("127.0.0.1", 1);
  return ports[0] as number;
}
