import type { IPod } from "kubernetes-models/v1/Pod";
import { expect, test } from "vitest";
import { nextStep } from "./pod-steps.ts";

const times = { startMs: 300, runMs: 500 };
const containers = [{ name: "main", image: "example.com/main" }];
const pod = (spec: object, status: object = {}, metadata: object = {}) =>
  ({ metadata, spec: { containers, nodeName: "plain-a1", ...spec }, status }) as IPod;

test.each([
  ["without a node", pod({ nodeName: "" }), 9_999, "wait"],
  ["new on its node", pod({}), 299, "wait"],
  ["pending for the start time", pod({}, { phase: "Pending" }), 300, "start"],
  ["running, of a Deployment", pod({ restartPolicy: "Always" }, { phase: "Running" }), 9_999, "wait"],
  [
    "running, of a Job, for less than its run time",
    pod({ restartPolicy: "OnFailure" }, { phase: "Running" }),
    499,
    "wait",
  ],
  ["running, of a Job", pod({ restartPolicy: "OnFailure" }, { phase: "Running" }), 500, "succeed"],
  ["running, a test", pod({ restartPolicy: "Never" }, { phase: "Running" }), 500, "succeed"],
  ["succeeded", pod({ restartPolicy: "Never" }, { phase: "Succeeded" }), 9_999, "wait"],
  ["deleted", pod({}, { phase: "Running" }, { deletionTimestamp: "2026-01-01T00:00:00Z" }), 0, "remove"],
])("a pod %s", (_, it, ageMs, step) => expect(nextStep(it, ageMs, times)).toBe(step));
