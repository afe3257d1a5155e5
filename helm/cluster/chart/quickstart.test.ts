import { expect, test } from "vitest";
import { readQuickstart } from "./quickstart.ts";

test("the quickstart is read from the page", () => {
  const page = [
    "```sh",
    "kubectl label namespace pictures pod-security.kubernetes.io/enforce=restricted   # refuses root",
    "helm install mesh helm/pixelmesh -n pictures --set image.registry=example.com/team --set nats.enabled=true",
    "```",
  ].join("\n");
  expect(readQuickstart(page)).toEqual({
    release: "mesh",
    flags: ["--set", "image.registry=example.com/team", "--set", "nats.enabled=true"],
    labels: { "pod-security.kubernetes.io/enforce": "restricted" },
  });
});

test("a page without the commands is refused by name", () => {
  expect(() => readQuickstart("# Run in Kubernetes")).toThrow('Expected a line "helm install …"');
  expect(() => readQuickstart("helm install mesh oci://example.com/pixelmesh -n pictures")).toThrow(
    'Expected "helm install NAME CHART -n NAMESPACE …"',
  );
});

test("the page of this checkout has a quickstart", () => expect(readQuickstart().flags).toContain("--set"));
