import { expect, test } from "vitest";
import { neededEdges, networkFaults } from "./network-faults.ts";
import { ofKind, workloadsOf } from "./objects.ts";
import { profiles, render } from "./render.ts";
import { roleNames, roles } from "./roles.ts";

test.each(profiles)("%s: the policies allow exactly the connections of the rendered addresses", (profile) => {
  expect(networkFaults(render({ profile }).objects)).toEqual([]);
});

test("the connections are the calls of the table of roles", () =>
  expect(neededEdges(workloadsOf(render({ profile: "minimal" }).objects))).toEqual(
    Object.entries(roles)
      .flatMap(([from, { calls }]) => calls.map((to) => `${from} -> ${to}:${roles[to]?.port}`))
      .sort(),
  ));

test("outside callers reach only ingest and the gateway, and scrapers reach only metrics pages", () => {
  const policies = ofKind(render({ profile: "minimal" }).objects, "NetworkPolicy");
  const foreign = policies.flatMap(({ metadata, spec }) =>
    (spec?.ingress ?? []).flatMap(({ from = [], ports = [] }) =>
      from
        .filter(
          ({ podSelector, namespaceSelector }) =>
            namespaceSelector || !podSelector?.matchLabels?.["app.kubernetes.io/name"],
        )
        .map(() => `${metadata.name}:${ports.map(({ port }) => port).join()}`),
    ),
  );
  expect(foreign.sort()).toEqual(
    [
      ...roleNames.map((name) => `mesh-pixelmesh-${name}:metrics`),
      "mesh-pixelmesh-ingest:grpc",
      "mesh-pixelmesh-gateway:http",
    ].sort(),
  );
});

test("egress beyond the mesh is limited to the broker, name servers and configured receivers", () => {
  const ports = (profile: string, component: string) => {
    const policy = ofKind(render({ profile }).objects, "NetworkPolicy").find(({ metadata }) =>
      metadata.name.endsWith(`-${component}`),
    );
    return (policy?.spec?.egress ?? [])
      .filter(
        ({ to = [] }) =>
          !to.some(({ podSelector }) => podSelector?.matchLabels?.["app.kubernetes.io/name"] === "pixelmesh"),
      )
      .flatMap(({ ports: open = [] }) => open.map(({ port }) => Number(port)));
  };
  expect(ports("minimal", "storage")).toEqual([53, 53, 4222]);
  expect(ports("minimal", "gateway")).toEqual([53, 53]);
  expect(ports("minimal", "remote")).toEqual([53, 53, 4222, 443]);
  expect(ports("external-nats", "storage")).toEqual([53, 53, 4222, 4333, 4318]);
  expect(ports("external-nats", "provision")).toEqual([53, 53, 4222, 4333]);
  expect(ports("mtls", "upscale")).toEqual([53, 53, 4222, 443]);
  expect(ports("mtls", "effects")).toEqual([53, 53, 4222]);
});
