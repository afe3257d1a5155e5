import { loadConfig } from "@pixelmesh/config";
import { expect, test } from "vitest";
import { fieldsOf } from "../../deploy/src/chart-files.ts";
import { ofKind, workloadsOf } from "./objects.ts";
import { profiles, render } from "./render.ts";
import { roleNames, roles } from "./roles.ts";

/** Variables that are not our settings: NVIDIA's container runtime reads one, and the profile `extras` adds two of its own. */
const foreign = new Set(["NVIDIA_DRIVER_CAPABILITIES", "NODE_EXTRA_CA_CERTS", "TEAM_TOKEN"]);

test.each(profiles)("%s: every variable is a setting of its role, with a valid value", (profile) => {
  for (const { name, role, settings, pod } of workloadsOf(render({ profile }).objects)) {
    const own = pod.spec?.containers[0]?.env ?? [];
    const env = { ...settings, ...Object.fromEntries(own.map((it) => [it.name, it.value ?? "10.0.0.7"])) };
    const known = new Set(Object.values(fieldsOf[role as keyof typeof fieldsOf]).map(({ variable }) => variable));
    expect(
      Object.keys(env).filter((variable) => !known.has(variable) && !foreign.has(variable)),
      name,
    ).toEqual([]);
    expect(() => loadConfig(fieldsOf[role as keyof typeof fieldsOf], env), name).not.toThrow();
    expect(own.slice(0, 2).map((it) => it.name)).toEqual(["PIXELMESH_INSTANCE", "PIXELMESH_ADVERTISED_HOST"]);
    if (profile !== "extras") expect(own).toHaveLength(2);
  }
});

test.each(profiles)("%s: the provisioning Job has the same broker settings as the services", (profile) => {
  const { objects } = render({ profile });
  const [job] = ofKind(objects, "Job");
  const [container] = job?.spec?.template.spec?.containers ?? [];
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
  const { settings = {} } = workloadsOf(objects).find(({ name }) => name === "scheduler") ?? {};
  expect(env).toEqual(
    Object.fromEntries(Object.entries(settings).filter(([key]) => key.startsWith("PIXELMESH_NATS_"))),
  );
  expect(container?.args).toEqual(["--provision"]);
  expect(job?.metadata.annotations).toMatchObject({
    "helm.sh/hook": ["no-keda", "prod"].includes(profile) ? "post-install,pre-upgrade" : "pre-install,pre-upgrade",
  });
});

test("a service's own settings have precedence over common ones, which go only to the roles that read them", () => {
  const values = {
    env: { PIXELMESH_FRAME_MEMORY: "32MiB", PIXELMESH_JOB_DEADLINE: "5m" },
    services: { effects: { env: { PIXELMESH_FRAME_MEMORY: "16MiB" } } },
  };
  const found = workloadsOf(render({ profile: "minimal", values }).objects).map(({ name, settings }) => [
    name,
    settings.PIXELMESH_FRAME_MEMORY,
    settings.PIXELMESH_JOB_DEADLINE,
  ]);
  expect(found.sort()).toEqual([
    ["background", "32MiB", undefined],
    ["effects", "16MiB", undefined],
    ["gateway", undefined, undefined],
    ["ingest", "32MiB", "5m"],
    ["remote", "32MiB", undefined],
    ["scheduler", undefined, undefined],
    ["storage", undefined, undefined],
    ["upscale", "32MiB", undefined],
  ]);
});

test("an init container with the service's own image downloads models before the service starts", () => {
  for (const { name, pod } of workloadsOf(render({ profile: "mtls" }).objects)) {
    const [init] = pod.spec?.initContainers ?? [];
    if (!roles[name]?.runsModels) expect(init).toBeUndefined();
    else {
      expect(init?.image).toBe(pod.spec?.containers[0]?.image);
      expect(init?.args).toEqual([
        "--pull-models=realesr-general-x4v3,u2netp",
        "--from=https://models.example.com/onnx/",
      ]);
    }
  }
});

test("the store's limit is nine tenths of its volume", () => {
  const { objects } = render({ profile: "prod" });
  const storage = workloadsOf(objects).find(({ name }) => name === "storage");
  expect(storage?.settings.PIXELMESH_STORAGE_MAX).toBe(`${500 * 1024 * 0.9}MiB`);
  const claim = objects.find(({ kind }) => kind === "PersistentVolumeClaim");
  expect(claim).toMatchObject({
    metadata: { annotations: { "helm.sh/resource-policy": "keep" } },
    spec: { resources: { requests: { storage: "500Gi" } }, storageClassName: "fast-ssd" },
  });
});

test("the manifest of hosted models is a file of a ConfigMap, and the setting names it", () => {
  const remote = workloadsOf(render({ profile: "mtls" }).objects).find(({ name }) => name === "remote");
  expect(remote?.settings.PIXELMESH_REMOTE_MANIFEST).toBe("/etc/pixelmesh/manifest/models.json");
  const volume = remote?.pod.spec?.volumes?.find(({ name }) => name === "manifest");
  expect(volume?.configMap).toMatchObject({
    name: "pixelmesh-hosted-models",
    items: [{ key: "models.json", path: "models.json" }],
  });
  const mounts = remote?.pod.spec?.containers[0]?.volumeMounts ?? [];
  expect(mounts.map(({ mountPath }) => mountPath)).toEqual(
    expect.arrayContaining(["/etc/pixelmesh/manifest", "/etc/pixelmesh/credentials/replicate-token"]),
  );
});

test("secrets are mounted as files, only in the services that need them", () => {
  const mounts = new Map(
    workloadsOf(render({ profile: "mtls" }).objects).map(({ name, pod }) => [
      name,
      (pod.spec?.volumes ?? []).flatMap(({ secret }) => (secret ? [secret.secretName] : [])).sort(),
    ]),
  );
  const all = ["pixelmesh-nats-tls", "pixelmesh-nats-user"];
  expect(mounts.get("ingest")).toEqual(["pixelmesh-api-tokens", "pixelmesh-ingest-tls", ...all]);
  expect(mounts.get("remote")).toEqual([...all, "pixelmesh-tls", "replicate-token"]);
  for (const name of roleNames.filter((role) => !["ingest", "remote"].includes(role)))
    expect(mounts.get(name)).toEqual([...(roles[name]?.usesBroker ? all : []), "pixelmesh-tls"]);
});
