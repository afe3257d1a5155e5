import { operations } from "@pixelmesh/pipeline";
import { WaitReason } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { Cluster, Job, JobStep, StepWait } from "../api/types.ts";
import { roles, waitReason, waitTexts } from "./wait-reason.ts";

test("The table of roles is that of the pipeline's operations", () => {
  expect(roles).toEqual(Object.fromEntries(Object.values(operations).map(({ name, role }) => [name, role])));
});

test("Every reason of the contract has a text", () => {
  const words = Object.keys(WaitReason).filter((name) => name !== "UNSPECIFIED" && name !== "UNRECOGNIZED");
  expect(Object.keys(waitTexts).sort()).toEqual(words.map((word) => word.toLowerCase()).sort());
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
const waits = (reason: string, part: Partial<StepWait> = {}) => ({ reason, position: 0, deviceId: "", ...part });
const textOf = (wait: StepWait, part: Partial<Cluster> = {}) => waitReason(step({ wait }), job(), cluster(part));

test("A step without its inputs names the steps that it waits for", () => {
  const fit = step({ id: "fit", state: "SUCCEEDED" });
  const cut = step({ id: "cut", state: "RUNNING" });
  const look = step({ id: "look", state: "PENDING", inputSteps: ["fit", "cut"] });
  expect(waitReason(look, job(fit, cut, look), undefined)).toBe("Waits for the result of cut");
});

test("A step that runs or has ended waits for nothing, unless it waits for another slot or its model", () => {
  for (const state of ["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] as const)
    expect(waitReason(step({ state }), job(), cluster())).toBeUndefined();
  const loading = step({ state: "RUNNING", wait: waits("model_loading") });
  expect(waitReason(loading, job(), cluster())).toBe("Waits until its model is loaded");
  expect(waitReason(step({ state: "SUCCEEDED", wait: waits("memory") }), job(), cluster())).toBeUndefined();
});

test("A ready step says what its worker reported: the reason, the device by name, and the place in the queue", () => {
  const devices = [{ deviceId: "d", name: "GPU 0" }] as unknown as Cluster["devices"];
  const memory = waits("memory", { position: 3, deviceId: "d" });
  const text = "Waits for memory of GPU 0, which other work of the mesh uses; place 3 in the queue for slots";
  expect(textOf(memory, { devices })).toBe(text);
  expect(waitReason(step({ wait: memory }), job(), undefined)).toBe(text.replace("GPU 0", "d"));
  expect(textOf(waits("compute"))).toBe("Waits for compute of its device, which other work uses");
  expect(textOf(waits("of_a_later_release", { position: 1 }))).toBe("Waits for a slot; place 1 in the queue for slots");
  expect(waitReason(step({}), job(), cluster())).toBe("Is about to start");
});

test("A step that no process has taken says whether one runs, and how many wait", () => {
  const queue = { name: "upscale.interactive", waiting: 2, running: 1, oldestWaitMs: 0 };
  expect(textOf(waits("queue"), { services: [] })).toBe("Waits: no process of the role upscale runs");
  expect(textOf(waits("queue"), { queues: [queue] })).toBe(
    "Waits until a process of the role upscale takes it; 2 steps wait in its queue",
  );
  expect(textOf(waits("queue"))).toBe("Waits until a process of the role upscale takes it");
});

test("A step that failed once says what it failed of", () => {
  const failed = step({ error: { reason: "OUT_OF_MEMORY", message: "" }, wait: waits("retry") });
  expect(waitReason(failed, job(failed), cluster())).toBe("Waits to be tried again after OUT_OF_MEMORY");
});
