import { expect, test } from "vitest";
import { workloadsOf } from "./objects.ts";
import { lint, profiles, render } from "./render.ts";
import { roleNames } from "./roles.ts";

test("the profiles cover each kind of cluster", () =>
  expect(profiles).toEqual(["external-nats", "extras", "gpu", "minimal", "mtls", "no-keda", "prod"]));

/** The profiles with hosted models, whose role is off by default. */
const withRemote = ["minimal", "mtls"];

test.each(profiles)("%s: passes a strict lint, and renders every role", (profile) => {
  expect(lint({ profile })).toMatch(/0 chart\(s\) failed/);
  const roles = workloadsOf(render({ profile }).objects).map(({ role }) => role);
  const expectedRoles = roleNames.filter((role) => role !== "remote" || withRemote.includes(profile));
  expect(new Set(roles)).toEqual(new Set(expectedRoles));
});
