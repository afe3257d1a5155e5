import { expect, test } from "vitest";
import { ofKind, workloadsOf } from "./objects.ts";
import { restrictedFaults } from "./pod-faults.ts";
import { refusal, render } from "./render.ts";

const workloads = (values: object = {}) =>
  new Map(workloadsOf(render({ profile: "extras", values }).objects).map((it) => [it.name, it]));

const containerOf = (name: string, values?: object) => workloads(values).get(name)?.pod.spec?.containers[0];

test("variables of every service and of one are merged by name, with texts and sources", () => {
  const variables = (name: string) =>
    Object.fromEntries(
      (containerOf(name)?.env ?? []).map(({ name: key, value, valueFrom }) => [key, value ?? valueFrom]),
    );
  expect(variables("effects")).toMatchObject({
    NODE_EXTRA_CA_CERTS: "/etc/company/ca.crt",
    PIXELMESH_RPC_STALL_TIMEOUT: "45s",
    TEAM_TOKEN: { secretKeyRef: { name: "team", key: "token" } },
    PIXELMESH_INSTANCE: { fieldRef: { fieldPath: "metadata.name" } },
  });
  expect(variables("gateway").TEAM_TOKEN).toBe("none");
  expect(containerOf("effects")?.envFrom).toEqual([
    { configMapRef: { name: "mesh-pixelmesh-effects" } },
    { configMapRef: { name: "company-proxy", optional: true } },
  ]);
});

test("volumes, mounts, containers and init containers are added by name, and `false` removes one for a service", () => {
  const found = workloads();
  const names = (name: string) => found.get(name)?.pod.spec?.containers.map((it) => it.name);
  expect(names("effects")).toEqual(["effects", "proxy"]);
  expect(names("gateway")).toEqual(["gateway"]);
  expect(found.get("upscale")?.pod.spec?.initContainers?.map((it) => it.name)).toEqual(["warm"]);
  expect(found.get("effects")?.pod.spec?.initContainers).toBeUndefined();
  expect(containerOf("storage")?.volumeMounts).toContainEqual({
    name: "company-ca",
    mountPath: "/etc/company",
    readOnly: true,
  });
  expect(found.get("storage")?.pod.spec?.volumes?.map(({ name }) => name)).toEqual(["tmp", "data", "company-ca"]);
  for (const { name, pod } of found.values()) expect(restrictedFaults(pod), name).toEqual([]);
});

test("a container's own security settings have precedence over the restricted ones", () => {
  const securityContext = { runAsUser: 7, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  const extraContainers = { proxy: { image: "proxy:1", securityContext } };
  const pod = workloads({ services: { storage: { extraContainers } } }).get("storage")?.pod;
  expect(pod?.spec?.containers[1]).toEqual({ name: "proxy", image: "proxy:1", securityContext });
});

test("false, 0 and an empty text of a service have precedence over its role's values", () => {
  const gpu = { capacity: 4 };
  const services = {
    upscale: { gpu: { enabled: true } },
    "upscale-cpu": { role: "upscale", gpu: { enabled: false }, replicas: 0, autoscaling: { enabled: false } },
  };
  const found = workloads({ gpu, services });
  expect(found.get("upscale")?.settings.PIXELMESH_UPSCALE_PROVIDERS).toBe("cuda");
  expect(found.get("upscale-cpu")?.settings.PIXELMESH_UPSCALE_PROVIDERS).toBeUndefined();
  expect(found.get("upscale-cpu")?.object.spec?.replicas).toBe(0);
});

test("labels and annotations of users never replace the chart's own", () => {
  const labels = { "app.kubernetes.io/component": "mine", team: "a" };
  const found = workloads({ pod: { labels }, services: { ingest: { podLabels: { team: "b" } } } });
  expect(found.get("ingest")?.labels).toMatchObject({ "app.kubernetes.io/component": "ingest", team: "b" });
  expect(found.get("storage")?.labels).toMatchObject({ team: "a" });
});

test("every secret is a reference to one that exists, so that an operator such as External Secrets can fill it", () => {
  const { objects } = render({ profile: "extras" });
  const ingest = workloadsOf(objects).find(({ name }) => name === "ingest");
  expect(ingest?.settings).toMatchObject({
    PIXELMESH_OPERATOR_TOKENS_FILE: "/etc/pixelmesh/operator-tokens/tokens",
    PIXELMESH_INGEST_CALLBACK_SECRETS_FILE: "/etc/pixelmesh/callback-secrets/secrets",
  });
  expect((ingest?.pod.spec?.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? [])).toEqual([
    "pixelmesh-callbacks",
    "pixelmesh-operator-tokens",
  ]);
  expect(objects.filter(({ kind }) => kind === "Secret")).toEqual([]);
});

test("the service account has annotations, can be one of yours, or is not created", () => {
  const accounts = (values: object) => {
    const { objects } = render({ profile: "extras", values });
    const used = new Set(workloadsOf(objects).map(({ pod }) => pod.spec?.serviceAccountName));
    return { used: [...used], made: objects.filter(({ kind }) => kind === "ServiceAccount").map((it) => it.metadata) };
  };
  const one = accounts({});
  expect(one.used).toEqual(["mesh-pixelmesh"]);
  expect(one.made).toMatchObject([{ name: "mesh-pixelmesh", annotations: { "iam.example.com/role": "pixelmesh" } }]);
  expect(accounts({ serviceAccount: { create: false, name: "ours" } })).toEqual({ used: ["ours"], made: [] });
});

test("ephemeral storage is requested as given", () =>
  expect(containerOf("upscale")?.resources).toMatchObject({
    requests: { "ephemeral-storage": "1Gi" },
    limits: { "ephemeral-storage": "5Gi" },
  }));

test.each([
  [
    { pod: { extraVolumes: { tmp: { emptyDir: {} } } } },
    /`extraVolumes` to have names that the chart does not use itself .*got `tmp`/,
  ],
  [{ services: { storage: { extraVolumeMounts: { "/data": { name: "x" } } } } }, /`extraVolumeMounts`.*got `\/data`/],
  [{ services: { effects: { extraContainers: { effects: { image: "x" } } } } }, /`extraContainers`.*got `effects`/],
  [{ services: { effects: { extraEnv: { PIXELMESH_EFECTS: "1" } } } }, /settings of effects, got `PIXELMESH_EFECTS`/],
  [{ pod: { extraEnv: { PIXELMESH_NOTHING: "1" } } }, /`pod\.extraEnv` to have settings.*got `PIXELMESH_NOTHING`/],
  [{ pod: { extraEnv: { A: { value: "x" } } } }, /extraEnv\/A/],
  [{ pod: { extraContainers: { Proxy: {} } } }, /invalid propertyName 'Proxy'/],
] as const)("%j is refused", (values, words) => expect(refusal({ profile: "extras", values })).toMatch(words));

test("settings of `pod.extraEnv` go only to the services that read them", () => {
  const values = { pod: { extraEnv: { PIXELMESH_JOB_DEADLINE: "5m" } } };
  const readers = [...workloads(values).values()].filter(({ pod }) =>
    pod.spec?.containers[0]?.env?.some(({ name }) => name === "PIXELMESH_JOB_DEADLINE"),
  );
  expect(readers.map(({ name }) => name)).toEqual(["ingest"]);
});

test("Services have annotations, and those called from outside a further Service of the given type", () => {
  const services = ofKind(render({ profile: "extras" }).objects, "Service");
  const of = (name: string) => services.find(({ metadata }) => metadata.name === `mesh-pixelmesh-${name}`);
  expect(of("ingest")?.spec?.clusterIP).toBe("None");
  expect(of("ingest-external")).toMatchObject({
    metadata: { annotations: { "cloud.example.com/scheme": "internal" } },
    spec: { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"], ports: [{ name: "grpc", port: 7400 }] },
  });
  expect(of("ingest-external")?.spec?.selector).toEqual(of("ingest")?.spec?.selector);
  expect(of("gateway-external")).toBeUndefined();
  const values = { services: { storage: { service: { type: "NodePort" } } } };
  expect(refusal({ profile: "extras", values })).toMatch(/`services\.storage\.service\.type` to be left out/);
});
