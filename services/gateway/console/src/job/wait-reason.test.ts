import { operations } from "@pixelmesh/pipeline";
import { expect, test } from "vitest";
import type { Cluster, Job, JobStep } from "../api/types.ts";
import { roles, waitReason } from "./wait-reason.ts";

test("The table of roles is that of the pipeline's operations", () => {
  expect(roles).toEqual(Object.fromEntries(Object.values(operations).map(({ name, role }) => [name, role])));
});

const step = (part: Partial<JobStep>) =>
  ({ id: "larger", operation: "upscale", state: "READY", inputSteps: [], error: null, ...part }) as JobStep;
const job = (...steps: JobStep[]) => ({ id: "j1", steps }) as unknown as Job;
const cluster = (part: Partial<Cluster> = {}): Cluster => ({
  services: [{ service: "upscale", instance: "a", version: "1" }],
  devices: [],
  slots: [],
  queues: [],
  ...part,
});
const reasonOf = (part: Partial<Cluster>) => waitReason(step({}), job(step({})), cluster(part));

test("A step without its inputs names the steps that it waits for", () => {
  const fit = step({ id: "fit", state: "SUCCEEDED" });
  const cut = step({ id: "cut", state: "RUNNING" });
  const look = step({ id: "look", state: "PENDING", inputSteps: ["fit", "cut"] });
  expect(waitReason(look, job(fit, cut, look), undefined)).toBe("Waits for the result of cut");
});

test("A step that runs or has ended waits for nothing", () => {
  for (const state of ["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] as const)
    expect(waitReason(step({ state }), job(), cluster())).toBeUndefined();
});

test("A ready step says what the mesh lacks: a process, memory, a slot, or its turn", () => {
  expect(reasonOf({ services: [] })).toBe("Waits: no process of the role upscale runs");
  const red = {
    deviceId: "d",
    name: "GPU 0",
    zone: "red",
    services: ["ingest/0", "upscale/0"],
  } as unknown as Cluster["devices"][number];
  expect(reasonOf({ devices: [red] })).toBe("Waits for memory: GPU 0 is above 95 %");
  const slots = { name: "slots.heavy", waiting: 3, running: 1, oldestWaitMs: 4_000 };
  expect(reasonOf({ queues: [slots] })).toBe(
    "Waits for its turn: 3 runs wait for memory or compute, the oldest for 4.0 s",
  );
  const queue = { name: "upscale.interactive", waiting: 1, running: 1, oldestWaitMs: 0 };
  expect(reasonOf({ queues: [queue] })).toBe("Waits for its turn: 1 step waits in the queue of upscale");
  expect(reasonOf({ queues: [queue, slots] })).toBe(
    "Waits for its turn: 1 step waits in the queue of upscale; 3 runs wait for memory or compute, the oldest for 4.0 s",
  );
  expect(reasonOf({})).toBe("Waits for a process of the role upscale to take it, or for an equal step of another job");
  expect(reasonOf({ slots: [{ jobId: "j1", stepId: "larger", deviceId: "d" }] })).toBe("Is about to start");
});

test("A step that failed once says what it failed of", () => {
  const failed = step({ error: { reason: "OUT_OF_MEMORY", message: "" } });
  expect(waitReason(failed, job(failed), cluster())).toBe("Waits to be tried again after OUT_OF_MEMORY");
});
