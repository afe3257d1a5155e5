import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { chartDir, helm, scratchDir } from "./render.ts";

const run = promisify(execFile);
const leftOut = "pixelmesh.io/replicas-by";

/** What a Deployment has now: its replicas, and whether the chart left them to an autoscaler from the start. */
type Live = number | { readonly replicas: number; readonly isLeftOut: true };

/** Starts a server that answers what helm's `lookup` asks: which resources apps/v1 has, and these Deployments by name. */
async function startApi(deployments: Readonly<Record<string, Live>>): Promise<string> {
  const resource = { name: "deployments", singularName: "", namespaced: true, kind: "Deployment", verbs: ["get"] };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const name = /^\/apis\/apps\/v1\/namespaces\/pictures\/deployments\/([\w-]+)$/.exec(path)?.[1];
    const send = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (path === "/apis/apps/v1")
      send(200, { kind: "APIResourceList", apiVersion: "v1", groupVersion: "apps/v1", resources: [resource] });
    else if (name !== undefined && deployments[name] !== undefined)
      send(200, { kind: "Deployment", apiVersion: "apps/v1", ...toObject(name, deployments[name]) });
    else send(404, { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = join(scratchDir("kubeconfig"), "config");
  writeFileSync(
    path,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: { server: url } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "" } }],
      "current-context": "test",
    }),
  );
  return path;
}

function toObject(name: string, live: Live) {
  if (typeof live === "number") return { metadata: { name }, spec: { replicas: live } };
  return { metadata: { name, annotations: { [leftOut]: "autoscaler" } }, spec: { replicas: live.replicas } };
}

/** Renders against that server. Returns the replicas of Deployments by name; undefined: the field is left out. */
async function replicasAfter(mode: string, live: Readonly<Record<string, Live>>, isAsked = true) {
  const kubeconfig = await startApi(live);
  const values = ["--values", join(chartDir, "ci/minimal-values.yaml"), "--set", `autoscaling.mode=${mode}`];
  const keda = [
    "--set",
    "autoscaling.keda.natsMonitoringEndpoint=nats:8222",
    "--namespace",
    "pictures",
    "--kube-version",
    "1.35.0",
  ];
  const { stdout } = await run(
    helm,
    [
      "template",
      "mesh",
      chartDir,
      ...values,
      ...keda,
      ...(isAsked ? ["--dry-run=server"] : []),
      "--kubeconfig",
      kubeconfig,
    ],
    { maxBuffer: 64 * 2 ** 20 },
  );
  const deployments = parseAllDocuments(stdout)
    .map((document) => document.toJS() as IDeployment | null)
    .filter((it) => it?.kind === "Deployment");
  for (const it of deployments)
    expect(it?.spec?.replicas === undefined, it?.metadata?.name).toBe(leftOut in (it?.metadata?.annotations ?? {}));
  return Object.fromEntries(
    deployments.map((it) => [it?.metadata?.name?.replace("mesh-pixelmesh-", ""), it?.spec?.replicas]),
  );
}

const live = { "mesh-pixelmesh-upscale": 3, "mesh-pixelmesh-effects": 0, "mesh-pixelmesh-ingest": 1 };

test("an upgrade to an autoscaler keeps the replicas that run; HPA never finds fewer than its minimum", async () => {
  expect(await replicasAfter("hpa", live)).toMatchObject({ upscale: 3, effects: 1, ingest: 2 });
  expect(await replicasAfter("keda", live)).toMatchObject({ upscale: 3, effects: 0, ingest: 1 });
});

test("a Deployment that does not exist, or that helm cannot ask for, is left to the autoscaler", async () => {
  expect((await replicasAfter("hpa", live)).background).toBeUndefined();
  const unasked = await replicasAfter("hpa", live, false);
  expect([unasked.upscale, unasked.effects]).toEqual([undefined, undefined]);
});

test("a Deployment that an autoscaler has scaled from the start never gets a number, so that a rollback has none to bring back", async () => {
  const scaled = {
    "mesh-pixelmesh-upscale": { replicas: 4, isLeftOut: true },
    "mesh-pixelmesh-effects": { replicas: 0, isLeftOut: true },
  } as const;
  const keda = await replicasAfter("keda", scaled);
  expect([keda.upscale, keda.effects]).toEqual([undefined, undefined]);
  // HPA leaves a Deployment with 0 replicas alone.
  const hpa = await replicasAfter("hpa", scaled);
  expect([hpa.upscale, hpa.effects]).toEqual([undefined, 1]);
  expect(await replicasAfter("none", scaled)).toMatchObject({ upscale: 1 });
});

test("without an autoscaler the replicas are the values'", async () =>
  expect(await replicasAfter("none", live)).toMatchObject({ upscale: 1, ingest: 1, background: 1 }));
