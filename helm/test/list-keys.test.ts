import { expect, test } from "vitest";
import { duplicateFaults } from "./list-keys.ts";
import { isOurs } from "./objects.ts";
import { profiles, render } from "./render.ts";

test.each(profiles)("%s: no list has two entries of one key, which Helm 4 refuses", (profile) =>
  expect(duplicateFaults(render({ profile }).objects.filter(isOurs))).toEqual([]),
);

test("values that say one thing twice make one entry", () => {
  const toleration = { key: "a", operator: "Exists" };
  const values = {
    global: { imagePullSecrets: ["one", { name: "two" }] },
    image: { pullSecrets: ["two", "three"] },
    pod: { tolerations: [toleration], extraEnv: { PIXELMESH_INSTANCE: "own" } },
    services: { effects: { tolerations: [toleration], extraEnv: { PIXELMESH_INSTANCE: "other" } } },
  };
  const { objects } = render({ profile: "minimal", values });
  expect(duplicateFaults(objects)).toEqual([]);
  expect(JSON.stringify(objects).match(/"key":"a"/g)?.length).toBe(11);
});

test("two variables, ports or names in one list are reported", () => {
  const container = {
    name: "a",
    env: [{ name: "A" }, { name: "A" }],
    ports: [{ containerPort: 1 }, { containerPort: 1 }],
    volumeMounts: [
      { mountPath: "/a", name: "x" },
      { mountPath: "/a", name: "y" },
    ],
  };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [container, { name: "a" }] },
  };
  expect(
    duplicateFaults([pod])
      .map((fault) => fault.replace(/^.*\.(\w+) has .*$/, "$1"))
      .sort(),
  ).toEqual(["containers", "env", "ports", "volumeMounts"]);
});
