import type { IPod } from "kubernetes-models/v1/Pod";
import { expect, test } from "vitest";
import { eventFaults, podFaults, workloadFaults } from "./faults.ts";

const pod = (name: string, phase: string, ready?: string, deletionTimestamp?: string) =>
  ({
    metadata: { name, ...(deletionTimestamp ? { deletionTimestamp } : {}) },
    status: { phase, conditions: ready ? [{ type: "Ready", status: ready }] : [] },
  }) as IPod;

test("events that say that a pod cannot be created, placed or started are faults", () => {
  const event = (reason: string) => ({ reason, message: "why", involvedObject: { kind: "Pod", name: "one" } });
  const reasons = [
    "Scheduled",
    "FailedCreate",
    "FailedScheduling",
    "FailedMount",
    "Killing",
    "FailedGetResourceMetric",
  ];
  expect(eventFaults(reasons.map(event))).toEqual([
    "Pod one: FailedCreate: why",
    "Pod one: FailedScheduling: why",
    "Pod one: FailedMount: why",
  ]);
});

test("a conflict of two writers is no fault: the cluster does it again", () => {
  const message =
    'running PreBind plugin "VolumeBinding": Operation cannot be fulfilled on persistentvolumeclaims "models": the object has been modified; please apply your changes to the latest version and try again';
  const involvedObject = { kind: "Pod", name: "one" };
  expect(eventFaults([{ reason: "FailedScheduling", message, involvedObject }])).toEqual([]);
});

test("pods that are not ready are faults, but those that ended well or are being deleted are not", () => {
  const pods = [
    pod("ready", "Running", "True"),
    pod("unready", "Running", "False"),
    pod("pending", "Pending"),
    pod("job", "Succeeded", "False"),
    pod("failed", "Failed", "False"),
    pod("leaving", "Running", "False", "2026-01-01T00:00:00Z"),
  ];
  expect(podFaults(pods)).toEqual(["Pod unready: Running", "Pod pending: Pending", "Pod failed: Failed"]);
});

test("a workload is complete when all its replicas are ready and new", () => {
  const workload = (name: string, ready?: number, updated?: number) => ({
    metadata: { name },
    spec: { replicas: 2 },
    status: {
      ...(ready === undefined ? {} : { readyReplicas: ready }),
      ...(updated === undefined ? {} : { updatedReplicas: updated }),
    },
  });
  expect(workloadFaults([workload("complete", 2, 2)])).toEqual([]);
  expect(workloadFaults([workload("none"), workload("old", 2, 1), workload("more", 3, 3)])).toHaveLength(3);
  expect(workloadFaults([{ metadata: { name: "off" }, spec: { replicas: 0 } }])).toEqual([]);
});
