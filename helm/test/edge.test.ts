import { expect, test } from "vitest";
import type { KubeObject } from "./objects.ts";
import { ofKind } from "./objects.ts";
import { refusal, render } from "./render.ts";

type Spec = KubeObject & { readonly spec: Record<string, unknown> };
const ofAny = (kind: string, options: object = {}) =>
  render({ profile: "extras", ...options }).objects.filter((it) => it.kind === kind) as Spec[];

test("the gateway has an Ingress for its hosts", () => {
  const [ingress, ...others] = ofAny("Ingress");
  expect(others).toEqual([]);
  expect(ingress?.spec).toMatchObject({
    ingressClassName: "nginx",
    tls: [{ hosts: ["pictures.example.com"], secretName: "pictures-example-com" }],
    rules: [
      {
        host: "pictures.example.com",
        http: { paths: [{ backend: { service: { name: "mesh-pixelmesh-gateway", port: { name: "http" } } } }] },
      },
    ],
  });
});

test("ingest has a GRPCRoute and the gateway an HTTPRoute, to ports that their Services have", () => {
  const { objects } = render({ profile: "extras" });
  const routes = objects.filter(({ apiVersion }) => apiVersion.startsWith("gateway.networking.k8s.io/")) as Spec[];
  expect(routes.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
    "GRPCRoute mesh-pixelmesh-ingest",
    "HTTPRoute mesh-pixelmesh-gateway",
  ]);
  type Rules = { rules: { backendRefs: { name: string; port: number }[] }[]; parentRefs: unknown };
  for (const { spec } of routes) {
    const { rules, parentRefs } = spec as Rules;
    const [backend] = rules.flatMap(({ backendRefs }) => backendRefs);
    const service = ofKind(objects, "Service").find(({ metadata }) => metadata.name === backend?.name);
    expect(service?.spec?.ports?.map(({ port }) => port)).toContain(backend?.port);
    expect(parentRefs).toMatchObject([{ name: "public", namespace: "gateways" }]);
  }
});

test("without values there is no way in from outside", () => {
  const kinds = render({ profile: "minimal" }).objects.map(({ kind }) => kind);
  for (const kind of ["Ingress", "GRPCRoute", "HTTPRoute", "Certificate"]) expect(kinds).not.toContain(kind);
});

test("a Certificate of cert-manager fills the secret of TLS, with the name that services check", () => {
  const certificate = {
    create: true,
    issuer: { name: "mesh-ca", kind: "ClusterIssuer" },
    dnsNames: ["grpc.example.com"],
  };
  const values = { tls: { secretName: "pixelmesh-tls", certificate } };
  expect(ofAny("Certificate", { values })[0]?.spec).toMatchObject({
    secretName: "pixelmesh-tls",
    dnsNames: ["pixelmesh", "grpc.example.com"],
    issuerRef: { name: "mesh-ca", kind: "ClusterIssuer", group: "cert-manager.io" },
    usages: expect.arrayContaining(["server auth", "client auth"]),
  });
});

test.each([
  [
    { services: { storage: { ingress: { enabled: true, hosts: ["a.example.com"] } } } },
    /`services\.storage\.ingress` to be left out/,
  ],
  [{ services: { ingest: { ingress: { enabled: true } } } }, /`services\.ingest\.ingress\.hosts` to name a host/],
  [
    { services: { ingest: { route: { gateways: { public: null } } } } },
    /`services\.ingest\.route\.gateways` to name a Gateway/,
  ],
  [
    { services: { gateway: { ingress: { hosts: ["a.example.com", "a.example.com"] } } } },
    /hosts.*items at 0 and 1 are equal/,
  ],
  [{ tls: { certificate: { create: true } } }, /`tls\.secretName` to name the secret/],
  [{ tls: { secretName: "x", certificate: { create: true } } }, /`tls\.certificate\.issuer\.name`/],
] as const)("%j is refused", (values, words) => expect(refusal({ profile: "extras", values })).toMatch(words));

test("the notes warn where network policies keep the way in closed", () => {
  const clients = [{ podSelector: { matchLabels: { "pixelmesh.io/client": "true" } } }];
  const values = { networkPolicy: { clients } };
  expect(render({ profile: "extras", values }).notes).toMatch(/WARNING: networkPolicy\.clients/);
  expect(render({ profile: "extras" }).notes).not.toMatch(/WARNING: networkPolicy/);
});
