import { expect, test } from "vitest";
import { copyChartWithNats } from "../chart/copy-chart.ts";
import { installRelease, profileFlags } from "../chart/release.ts";
import { connectCluster } from "../cluster.ts";
import { watchReplicas } from "../watch-replicas.ts";

const api = connectCluster();
const chart = copyChartWithNats();

test("changes of the way of scaling never lower the replicas that run", async () => {
  const flags = [
    ...profileFlags(chart, "minimal"),
    "--set",
    "services.upscale.replicas=3",
    "--set",
    "services.effects.replicas=2",
  ];
  await using release = await installRelease(api, { chart, namespace: "scaling-modes", flags });
  await using lowest = await watchReplicas(api, release.namespace);

  await release.upgrade("--set", "autoscaling.mode=hpa");
  expect(lowest.since(), "none to hpa").toMatchObject({ "mesh-pixelmesh-upscale": 3, "mesh-pixelmesh-effects": 2 });

  const keda = ["autoscaling.mode=keda", "autoscaling.keda.natsMonitoringEndpoint=nats-headless.nats.svc:8222"];
  await release.upgrade(...keda.flatMap((one) => ["--set", one]));
  expect(lowest.since(), "hpa to keda").toMatchObject({ "mesh-pixelmesh-upscale": 3, "mesh-pixelmesh-effects": 2 });
});

test("replicas that an autoscaler has set stay at upgrades and rollbacks", async () => {
  const flags = [...profileFlags(chart, "minimal"), "--set", "autoscaling.mode=hpa"];
  await using release = await installRelease(api, { chart, namespace: "scaled-upgrade", flags });
  const scale = `/apis/apps/v1/namespaces/${release.namespace}/deployments/mesh-pixelmesh-upscale/scale`;
  const scaleTo = (replicas: number) => api.patch(scale, { spec: { replicas } }, "merge");
  await scaleTo(2);
  await release.upgrade("--set", "pod.logLevel=debug");
  await scaleTo(4);
  await using lowest = await watchReplicas(api, release.namespace);
  const expected = { "mesh-pixelmesh-upscale": 4 };
  await release.upgrade("--set", "pod.logLevel=warn");
  expect(lowest.since(), "upgrade").toMatchObject(expected);
  // The release of a time with two replicas, and the first one.
  await release.rollback(2);
  expect(lowest.since(), "rollback to the second").toMatchObject(expected);
  await release.rollback(1);
  expect(lowest.since(), "rollback to the first").toMatchObject(expected);
});
