import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { workloadsOf } from "./objects.ts";
import { chartDir, render, scratchDir } from "./render.ts";

/** Creates a chart that has ours inside, as platform teams do, with a condition and shared values. */
function umbrella(values: object): string {
  const dir = join(scratchDir("umbrella"), "platform");
  mkdirSync(join(dir, "charts"), { recursive: true });
  cpSync(chartDir, join(dir, "charts/pixelmesh"), { recursive: true });
  const dependency = { name: "pixelmesh", version: "0.1.0", repository: "", condition: "pixelmesh.enabled" };
  const chart = { apiVersion: "v2", name: "platform", version: "1.0.0", dependencies: [dependency] };
  writeFileSync(join(dir, "Chart.yaml"), stringify(chart));
  writeFileSync(join(dir, "values.yaml"), stringify(values));
  return dir;
}

const broker = { urls: ["nats://nats.nats.svc:4222"] };
const registry = "mirror.example.com/all";
const global = { imageRegistry: registry, imagePullSecrets: ["shared", { name: "other" }] };

test("an umbrella chart can switch the mesh on and off, and set the registry and its secrets for all charts", () => {
  const image = { registry: "ignored.example.com", pullSecrets: ["own", "shared"] };
  const { objects } = render({ chart: umbrella({ global, pixelmesh: { enabled: true, broker, image } }) });
  const workloads = workloadsOf(objects);
  expect(workloads.length).toBe(7);
  for (const { pod } of workloads) {
    expect(pod.spec?.containers[0]?.image).toMatch(/^mirror\.example\.com\/all\/pixelmesh\//);
    expect(pod.spec?.imagePullSecrets).toEqual(["shared", "other", "own"].map((name) => ({ name })));
  }
  expect(JSON.stringify(objects)).not.toContain("ignored.example.com");
  expect(render({ chart: umbrella({ global, pixelmesh: { enabled: false, broker } }) }).objects).toEqual([]);
});
