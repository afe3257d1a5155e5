import { expect, test } from "vitest";
import { refusal, render } from "./render.ts";
import { roleNames } from "./roles.ts";

const digest = `sha256:${"ab".repeat(32)}`;

/** Wrong values over the minimal profile, each with the text that helm's error must contain. */
const wrong: readonly (readonly [values: object, words: RegExp])[] = [
  [{ servicez: {} }, /additional properties 'servicez' not allowed/],
  [{ services: { ingest: { replica: 2 } } }, /\/services\/ingest.*'replica' not allowed/],
  [{ services: { ingest: { replicas: "two" } } }, /\/services\/ingest\/replicas.*want integer/],
  [{ services: { ingest: { replicas: -1 } } }, /\/services\/ingest\/replicas.*minimum/],
  [{ services: { upscale: { longestStepSeconds: 3600 } } }, /longestStepSeconds.*maximum/],
  [{ services: { upscale: { image: { digest: "sha256:12" } } } }, /\/services\/upscale\/image\/digest.*pattern/],
  [{ services: { upscale: { env: { PIXELMESH_UPSCALE_CONCURRENCY: 3 } } } }, /CONCURRENCY.*want string/],
  [
    { services: { upscale: { env: { PIXELMESH_UPSCALE_CONCURENCY: "3" } } } },
    /settings of upscale, got `PIXELMESH_UPSCALE_CONCURENCY`; it has .*PIXELMESH_UPSCALE_CONCURRENCY/,
  ],
  [{ services: { upscale: { env: { "lower-case": "3" } } } }, /lower-case/],
  [{ services: { upscale: { tlsSecretName: "No_Secret" } } }, /tlsSecretName.*pattern/],
  [{ services: { "Upscale-Two": {} } }, /Upscale-Two/],
  [{ services: { other: { role: "elsewhere" } } }, /\/services\/other\/role.*one of/],
  [{ services: { other: { replicas: 1 } } }, /`services\.other\.role` to be one of .*upscale, got `other`/],
  [
    { services: { remote: { enabled: true, manifest: { configMapName: "" } } } },
    /`services\.remote\.manifest\.configMapName` to name a ConfigMap/,
  ],
  [{ services: { storage: { enabled: false } } }, /`services\.storage` to be enabled/],
  [
    { services: { storage: { replicas: 2 } } },
    /`services\.storage\.cold\.url` to name a shared store.* got `2` replicas/,
  ],
  [{ services: { scheduler: { kind: "Deployment" } } }, /`services\.scheduler\.kind` to be `StatefulSet`/],
  [{ services: { upscale: { resources: null } } }, /`services\.upscale\.resources`, got nothing/],
  [
    { services: { ingest: { autoscaling: { minReplicas: 9 } } }, autoscaling: { mode: "hpa" } },
    /minReplicas` to be at most maxReplicas, 6, got `9`/,
  ],
  [{ env: { PIXELMESH_JOB_DEADLIN: "5m" } }, /`env` to have settings of Pixelmesh.*got `PIXELMESH_JOB_DEADLIN`/],
  [{ image: { registry: "https://registry.example.com" } }, /\/image\/registry.*pattern/],
  [{ image: { registry: "" } }, /`image\.registry` to name where you pushed/],
  [
    { image: { requireDigests: true } },
    /image with a digest.*got `registry\.example\.com\/team\/pixelmesh\/cli:0\.1\.0`: set the `image\.digest` of toolbox/,
  ],
  [{ broker: { urls: ["http://nats:4222"] } }, /\/broker\/urls\/0.*pattern/],
  [{ broker: { urls: [] } }, /Expected a broker: `broker\.urls`/],
  [{ broker: { urls: ["nats://a:4222", "nats://a:4222"] } }, /\/broker\/urls.*items at 0 and 1 are equal/],
  [{ broker: { owner: "two words" } }, /\/broker\/owner.*pattern/],
  [{ image: { pullSecrets: ["one", "one"] } }, /\/image\/pullSecrets.*items at 0 and 1 are equal/],
  [{ global: { imageRegistry: "https://x" } }, /\/global\/imageRegistry.*pattern/],
  [{ broker: { replicas: 2 } }, /\/broker\/replicas.*one of/],
  [{ broker: { ackWait: 30 } }, /\/broker\/ackWait.*want string/],
  [{ nats: { enabled: true } }, /got both `nats\.enabled` and `broker\.urls`/],
  [{ models: { source: "web" } }, /\/models\/source.*'bundled', 'image', 'pvc', 'download'/],
  [{ models: { source: "pvc" } }, /`models\.pvc\.claimName`/],
  [{ models: { source: "download" } }, /`models\.download\.names`.*got none/],
  [{ models: { source: "download", download: { names: ["../x"] } } }, /\/models\/download\/names\/0.*pattern/],
  [
    {
      gpu: { capacity: 3 },
      services: { upscale: { gpu: { enabled: true } }, background: { gpu: { enabled: true, count: 3 } } },
    },
    /take at their most replicas, 4 of nvidia\.com\/gpu \(background 1×3, upscale 1×1\), got `3`/,
  ],
  [{ gpu: { resourceName: "gpu" } }, /\/gpu\/resourceName.*pattern/],
  [{ autoscaling: { mode: "sometimes" } }, /\/autoscaling\/mode.*'keda', 'hpa', 'none'/],
  [{ autoscaling: { mode: "keda" } }, /`autoscaling\.keda\.natsMonitoringEndpoint`/],
  [{ monitoring: { scrape: "Pod" } }, /\/monitoring\/scrape.*PodMonitor/],
  [{ monitoring: { otlpEndpoint: "collector:4318" } }, /\/monitoring\/otlpEndpoint.*pattern/],
  [{ monitoring: { tracesKept: "0.1" } }, /\/monitoring\/tracesKept.*pattern/],
  [{ networkPolicy: { clients: [{ pods: {} }] } }, /\/networkPolicy\/clients\/0.*'pods' not allowed/],
  [{ pod: { topologySpread: { zone: { maxSkew: 1 } } } }, /\/pod\/topologySpread\/zone/],
];

test.each(wrong.map(([values, words]) => [JSON.stringify(values), values, words] as const))(
  "%s is refused with an error that names it",
  (_, values, words) => expect(refusal({ profile: "minimal", values })).toMatch(words),
);

test("a Kubernetes version that is too old for the chart or for a value is refused", () => {
  expect(refusal({ profile: "minimal", kubeVersion: "1.30.9" })).toMatch(/kubeVersion: >=1\.31/);
  expect(refusal({ profile: "gpu", kubeVersion: "1.32.0" })).toMatch(
    /Kubernetes 1\.33 or newer for `models\.source: image`/,
  );
});

test("`requireDigests` accepts a digest for every image", () => {
  const image = { image: { digest } };
  const services = Object.fromEntries(roleNames.map((name) => [name, image]));
  expect(
    render({ profile: "minimal", values: { image: { requireDigests: true }, services, toolbox: image } }).objects
      .length,
  ).toBeGreaterThan(20);
});

test("workers can be disabled", () => {
  const values = { services: { upscale: { enabled: false }, background: { enabled: false } } };
  expect(render({ profile: "minimal", values }).objects.map(({ metadata }) => metadata.name)).not.toContain(
    "mesh-pixelmesh-upscale",
  );
});
