import type { IPod } from "kubernetes-models/v1/Pod";
import { expect, test } from "vitest";
import { copyChartWithNats } from "../chart/copy-chart.ts";
import { installRelease, profileFlags } from "../chart/release.ts";
import { connectCluster } from "../cluster.ts";
import { fakeNodes } from "../fake/nodes.ts";
import { settledFaults } from "../faults.ts";

const api = connectCluster();
const chart = copyChartWithNats();
const gpuNodes = new Set(fakeNodes.filter(({ gpus }) => gpus > 0).map(({ name }) => name));

type Deployment = { metadata: { name: string }; spec: { template: { spec: { containers: Container[] } } } };
type Container = { resources?: { limits?: Record<string, string | number> } };

const takesGpu = ({ spec }: Deployment) =>
  spec.template.spec.containers.some(({ resources }) => resources?.limits?.["nvidia.com/gpu"] !== undefined);

// All GPUs of the cluster are in one of its three zones.
test.each(["gpu", "prod"])("%s: all replicas of GPU services run, where one zone has all GPUs", async (profile) => {
  const flags = profileFlags(chart, profile);
  await using release = await installRelease(api, { chart, namespace: `gpus-${profile}`, flags });
  const base = `/apis/apps/v1/namespaces/${release.namespace}/deployments`;
  const withGpus = (await api.list<Deployment>(base)).filter(takesGpu).map(({ metadata }) => metadata.name);
  expect(withGpus.length).toBeGreaterThanOrEqual(2);
  for (const name of withGpus) await api.patch(`${base}/${name}/scale`, { spec: { replicas: 4 } }, "merge");

  const created = async () => {
    const all = await api.list<IPod>(`/api/v1/namespaces/${release.namespace}/pods`);
    return all.filter((pod) => takesGpu({ spec: { template: pod } } as never));
  };
  await expect.poll(async () => (await created()).length).toBe(4 * withGpus.length);
  expect(await settledFaults(api, release.namespace)).toEqual([]);
  expect((await created()).every(({ spec }) => gpuNodes.has(spec?.nodeName ?? ""))).toBe(true);
});
