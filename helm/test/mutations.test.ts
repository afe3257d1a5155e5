import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { networkFaults } from "./network-faults.ts";
import { podFaults } from "./pod-faults.ts";
import { copyChart, render } from "./render.ts";

/** Harmful changes of templates, and the faults that the checks must report. */
const mutations: readonly (readonly [file: string, was: string, is: string, fault: RegExp])[] = [
  ["_pod.tpl", "runAsNonRoot: true\n", "", /may run as root/],
  ["_pod.tpl", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", /may write to its image/],
  ["_pod.tpl", "capabilities: { drop: [ALL] }", "capabilities: { drop: [NET_RAW] }", /keeps capabilities/],
  ["_pod.tpl", "automountServiceAccountToken: false", "automountServiceAccountToken: true", /service account's token/],
  ["_containers.tpl", "service: liveness", "service: readiness", /the liveness probe checks more than liveness/],
  [
    "_containers.tpl",
    '"standby" "readiness"',
    '"readiness" "readiness"',
    /the readiness probe does not ask for standby/,
  ],
  [
    "_containers.tpl",
    "grpc: { port: {{ add $port 100 }}, service: startup }",
    "grpc: { port: {{ $port }}, service: startup }",
    /not on the health port/,
  ],
  [
    "_containers.tpl",
    "sleep: { seconds: {{ int $values.pod.preStopSeconds }} }",
    "sleep: { seconds: 1 }",
    /until callers notice/,
  ],
  ["_pod.tpl", "checksum/config: {{ .env | toYaml | sha256sum }}", "checksum/none: x", /old settings/],
  [
    "_volumes.tpl",
    "- { name: data, mountPath: /data }",
    "- { name: data, mountPath: /date }",
    /PIXELMESH_STORAGE_DIR is \/data\/blobs/,
  ],
  [
    "_services.tpl",
    "(mul $waits (int .service.longestStepSeconds)) 30",
    "(int .service.longestStepSeconds)",
    /killed before running work ends/,
  ],
  [
    "_helpers.tpl",
    "app.kubernetes.io/component: {{ .component }}\n",
    "app.kubernetes.io/component: {{ .component }}\nhelm.sh/revision: {{ .root.Release.Revision | quote }}\n",
    /selects by labels that change/,
  ],
  ["_pod.tpl", "nodeTaintsPolicy: Honor\n", "\n", /counts nodes that it does not tolerate/],
  ["_pod.tpl", "matchLabelKeys: [pod-template-hash]", "minDomains: 1", /counts pods of the last revision/],
  ["_pod.tpl", "(and $hasGpu (not (hasKey $own $key)) | not | not)", "false", /waits for a GPU in a zone without any/],
  ["workloads.yaml", "maxSurge: 0, maxUnavailable: 1", "maxSurge: 1, maxUnavailable: 0", /waits for a GPU/],
  ["network-policies.yaml", "or (eq $name $service.role) (eq $role $service.role)", "or true", /open, and not needed/],
  [
    "network-policies.yaml",
    '- { key: pixelmesh.io/role, operator: In, values: [{{ join ", " $callers }}] }',
    "- { key: pixelmesh.io/role, operator: In, values: [ingest] }",
    /closed, and needed: ingress of upscale -> storage/,
  ],
];

test.each(mutations)("the checks report %s without `%s`", (file, was, is, fault) => {
  const chart = copyChart((dir) => {
    const path = join(dir, "templates", file);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(was);
    writeFileSync(path, text.replaceAll(was, is));
  });
  const found = ["gpu", "external-nats"].flatMap((profile) => {
    const { objects } = render({ profile, chart });
    return [...podFaults(objects), ...networkFaults(objects)];
  });
  expect(found.join("\n")).toMatch(fault);
});
