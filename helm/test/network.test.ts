import { expect, test } from "vitest";
import { neededEdges, networkFaults } from "./network-faults.ts";
import { ofKind, workloadsOf } from "./objects.ts";
import { profiles, render } from "./render.ts";

test.each(profiles)("%s: open is exactly what the rendered addresses need", (profile) => {
  expect(networkFaults(render({ profile }).objects)).toEqual([]);
});

test("the edges are those of the mesh", () =>
  expect(neededEdges(workloadsOf(render({ profile: "minimal" }).objects))).toEqual(
    [
      ...["background", "effects", "ingest", "upscale"].flatMap((from) => [
        `${from} -> scheduler:7401`,
        `${from} -> storage:7402`,
      ]),
      ...["background:7404", "effects:7405", "ingest:7400", "upscale:7403"].map((to) => `ingest -> ${to}`),
    ].sort(),
  ));

test("callers from outside reach ingest and nobody else, scrapers the metrics pages", () => {
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
  const names = ["background", "effects", "ingest", "scheduler", "storage", "upscale"];
  expect(foreign.sort()).toEqual(
    [...names.map((name) => `mesh-pixelmesh-${name}:metrics`), "mesh-pixelmesh-ingest:grpc"].sort(),
  );
});

test("egress beyond the mesh is the broker's ports, name servers, and what was asked for", () => {
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
  expect(ports("external-nats", "storage")).toEqual([53, 53, 4222, 4333, 4318]);
  expect(ports("external-nats", "provision")).toEqual([53, 53, 4222, 4333]);
  expect(ports("mtls", "upscale")).toEqual([53, 53, 4222, 443]);
  expect(ports("mtls", "effects")).toEqual([53, 53, 4222]);
});
