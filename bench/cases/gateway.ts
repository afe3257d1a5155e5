import { loadavg } from "node:os";
import { type Pixelmesh, Priority } from "@pixelmesh/client";
import { startedRoles } from "@pixelmesh/roles";
import { startTestMesh } from "@pixelmesh/testing";
import { readAnonymous } from "../harness/machine.ts";
import { report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { percentile } from "../harness/stats.ts";

const calls = Number(process.env.CALLS ?? 150);
const warmUps = 20;
const watchers = 200;
const mib = 1024 * 1024;
const maxSidePx = 512;

/**
 * Measures what the gateway adds to a job on a picture of one megapixel whose result the mesh has, from the first byte sent to the last received, against
 * the same calls by gRPC, in turn; and what 200 watchers of running jobs by server-sent events cost its memory.
 */
export async function gatewayCase(): Promise<boolean> {
  const picture = new Uint8Array(await toScene({ widthPx: 1_024, heightPx: 1_024 }));
  await using mesh = await startTestMesh({ env: { PIXELMESH_LOG_LEVEL: "warn" }, services: startedRoles({}) });
  const { client } = mesh;
  const gateway = mesh.processes().find(({ name }) => name === "gateway");
  if (!gateway) throw new Error("The mesh has no gateway");
  const url = `http://${gateway.grpc}`;
  const times = { http: [] as number[], grpc: [] as number[] };
  for (let at = 0; at < warmUps + calls; at++) {
    const pair = [
      ["grpc", () => byGrpc(client, picture)],
      ["http", () => byHttp(url, picture)],
    ] as const;
    for (const [name, run] of at % 2 === 0 ? pair : pair.toReversed()) {
      const startMs = performance.now();
      await run();
      if (at >= warmUps) times[name].push(performance.now() - startMs);
    }
  }
  const [http, grpc] = [percentile(times.http, 50), percentile(times.grpc, 50)];
  const before = readAnonymous(gateway.pid);
  const most = await watch(client, url, gateway.pid);
  return report("gateway", [
    {
      name: "a job of 1 MP by HTTP, over the same by gRPC, p50",
      value: round(http - grpc),
      unit: "ms",
      bound: 3,
      details: {
        http: round(http),
        grpc: round(grpc),
        ratio: round(http / grpc),
        p95: { http: round(percentile(times.http, 95)), grpc: round(percentile(times.grpc, 95)) },
        calls,
        load: round(loadavg()[0] as number),
      },
    },
    {
      name: `${watchers} watchers by server-sent events: memory of the gateway`,
      value: round((most - before) / mib),
      unit: "MiB",
      bound: 150,
      details: { before: round(before / mib), most: round(most / mib) },
    },
  ]);
}

async function byGrpc({ jobs }: Pixelmesh, picture: Uint8Array): Promise<void> {
  const job = await jobs.create({
    pipeline: {
      steps: [{ id: "prescale", operation: { $case: "prescale", value: { maxSidePx } } }],
      outputs: [{ name: "result" }],
    },
    pictures: [{ name: "source", bytes: picture }],
  });
  const ended = await jobs.wait(job.id);
  const { chunks } = await jobs.download(ended.id, "result");
  for await (const _ of chunks);
}

async function byHttp(url: string, picture: Uint8Array<ArrayBuffer>): Promise<void> {
  const path = `/v1/images/prescale?max_side=${maxSidePx}`;
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    body: picture,
    headers: { "content-type": "image/jpeg" },
  });
  if (response.status !== 200) throw new Error(await response.text());
  await response.arrayBuffer();
}

/** Follows running jobs with all watchers. Returns the most anonymous memory of the gateway meanwhile, in bytes. */
async function watch(client: Pixelmesh, url: string, pid: number): Promise<number> {
  const scene = await toScene({ widthPx: 640, heightPx: 480 });
  const jobs = await Promise.all(
    Array.from({ length: 4 }, () =>
      client.jobs.create({
        pipeline: { steps: [{ id: "upscale", operation: { $case: "upscale", value: { scale: 4 } } }] },
        pictures: [{ name: "source", bytes: scene }],
        priority: Priority.BATCH,
        noCache: true,
      }),
    ),
  );
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, readAnonymous(pid));
  }, 50);
  const streams = Array.from({ length: watchers }, async (_, at) => {
    const response = await fetch(`${url}/v1/jobs/${jobs[at % jobs.length]?.id}/events`);
    const text = await response.text();
    if (!text.includes("event: end")) throw new Error(`A watcher got no end: ${text.slice(-200)}`);
  });
  await Promise.all(streams);
  clearInterval(timer);
  return Math.max(most, readAnonymous(pid));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
