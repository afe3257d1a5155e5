import { expect, test } from "vitest";
import { ofKind } from "./objects.ts";
import { profiles, render } from "./render.ts";

test.each(profiles)("%s: the notes give the next commands, with names of rendered objects", (profile) => {
  const { notes, objects } = render({ profile });
  expect(notes).toMatch(/kubectl -n pictures wait pod -l app\.kubernetes\.io\/instance=mesh,/);
  expect(notes).toMatch(/bin\/pixelmesh run photo\.jpg --upscale 2 --out-dir out --address 127\.0\.0\.1:7400/);
  const [, name] = /port-forward deploy\/(\S+) 7400:7400/.exec(notes) ?? [];
  expect(ofKind(objects, "Deployment").map(({ metadata }) => metadata.name)).toContain(name);
  expect(notes).toContain(`dns:///${name}.pictures.svc:7400`);
  expect(notes).not.toMatch(/<no value>|%!/);
});

test("the notes name weak points, and what callers need", () => {
  expect(render({ profile: "minimal" }).notes).toMatch(/NOTE: the broker keeps one copy/);
  expect(render({ profile: "external-nats" }).notes).not.toMatch(/NOTE|WARNING/);
  const values = { services: { storage: { persistence: { enabled: false } } } };
  expect(render({ profile: "minimal", values }).notes).toMatch(/WARNING: pictures are in an emptyDir/);
  const { notes } = render({ profile: "mtls" });
  expect(notes).toMatch(/with a token of the secret pixelmesh-api-tokens in PIXELMESH_API_TOKEN/);
  expect(notes).toMatch(/--tls-server-name pixelmesh, the name in the certificates/);
});
