import { expect, test } from "vitest";
import { workloadsOf } from "./objects.ts";
import { lint, profiles, render } from "./render.ts";

test("there is a profile for each kind of cluster", () =>
  expect(profiles).toEqual(["external-nats", "gpu", "minimal", "mtls", "no-keda", "prod"]));

test.each(profiles)("%s: linted strictly, and renders every service", (profile) => {
  expect(lint({ profile })).toMatch(/0 chart\(s\) failed/);
  const roles = workloadsOf(render({ profile }).objects).map(({ role }) => role);
  expect(new Set(roles)).toEqual(new Set(["ingest", "scheduler", "storage", "upscale", "background", "effects"]));
});
