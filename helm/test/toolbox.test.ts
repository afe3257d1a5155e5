import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isAllowedTo } from "./network-faults.ts";
import { type KubeObject, ofKind, toolPodsOf, workloadsOf } from "./objects.ts";
import { refusal, render } from "./render.ts";

const deploymentOf = (objects: readonly KubeObject[]) =>
  ofKind(objects, "Deployment").find(({ metadata }) => metadata.name === "mesh-pixelmesh-toolbox");

test("the toolbox is a Deployment without pods until it is scaled, and has the address of ingest", () => {
  const toolbox = deploymentOf(render({ profile: "minimal" }).objects);
  expect(toolbox?.spec?.replicas).toBe(0);
  const [container] = toolbox?.spec?.template.spec?.containers ?? [];
  expect(container?.image).toBe("registry.example.com/team/pixelmesh/cli:0.1.0");
  expect(container?.env).toContainEqual({ name: "PIXELMESH_ADDRESS", value: "dns:///mesh-pixelmesh-ingest:7400" });
});

test("with TLS and tokens the toolbox has both", () => {
  const values = { toolbox: { tokenSecret: { name: "operator" } } };
  const [container] = deploymentOf(render({ profile: "mtls", values }).objects)?.spec?.template.spec?.containers ?? [];
  const env = Object.fromEntries(
    (container?.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom]),
  );
  expect(env).toMatchObject({
    PIXELMESH_TLS_CA_FILE: "/etc/pixelmesh/tls/ca.crt",
    PIXELMESH_TLS_SERVER_NAME: "pixelmesh",
    PIXELMESH_API_TOKEN: { secretKeyRef: { name: "operator", key: "token" } },
  });
  expect(container?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain("/etc/pixelmesh/tls");
});

test("`helm test` makes a picture with the command line, from a picture of its own", () => {
  const { objects } = render({ profile: "minimal" });
  const [pod] = ofKind(objects, "Pod");
  expect(pod?.metadata.annotations?.["helm.sh/hook"]).toBe("test");
  expect(pod?.spec?.restartPolicy).toBe("Never");
  expect(pod?.spec?.containers[0]?.args).toEqual(
    expect.arrayContaining(["run", "/picture/picture.png", "--upscale", "2", "--out-dir", "/tmp/out"]),
  );
  const map = ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.name === "mesh-pixelmesh-test-picture");
  const picture = readFileSync(new URL("../pixelmesh/pictures/still-life.png", import.meta.url));
  expect(Buffer.from(map?.binaryData?.["picture.png"] ?? "", "base64").equals(picture)).toBe(true);
});

test.each(["minimal", "mtls", "prod"])("%s: the policies let the tools call ingest, and nothing else", (profile) => {
  const values = { toolbox: { image: { digest: `sha256:${"ab".repeat(32)}` } } };
  const { objects } = render({ profile, values });
  const tools = toolPodsOf(objects);
  expect(tools.map(({ name }) => name)).toEqual(["toolbox", "mesh-pixelmesh-test-picture"]);
  for (const { pod } of tools) {
    const reached = workloadsOf(objects).filter((target) => isAllowedTo(objects, pod.metadata?.labels ?? {}, target));
    expect(reached.map(({ name }) => name)).toEqual(["ingest"]);
  }
});

test("without the toolbox neither it nor the test is rendered, nor a policy for them", () => {
  const { objects } = render({ profile: "minimal", values: { toolbox: { enabled: false } } });
  expect(toolPodsOf(objects)).toEqual([]);
  expect(JSON.stringify(objects.filter(({ kind }) => kind === "NetworkPolicy"))).not.toContain("toolbox");
});

test("its image needs a digest where all do", () =>
  expect(refusal({ profile: "prod", values: { toolbox: { image: { digest: "" } } } })).toMatch(
    /set the `image\.digest` of toolbox/,
  ));
