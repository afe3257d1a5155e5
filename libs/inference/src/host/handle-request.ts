import type { Reason } from "@pixelmesh/errors";
import { env } from "onnxruntime-node";
import { HostFailure, saysOutOfMemory, toText } from "../protocol/host-failure.ts";
import type { FromHost, ToHost } from "../protocol/messages.ts";
import { createFaults, type Faults } from "./faults.ts";
import type { Grants } from "./grants.ts";
import { loadResident, type Resident } from "./loaded-model.ts";
import { createAnswerMemory } from "./pixels/output-buffer.ts";
import { type ProvenProvider, proveProvider } from "./providers.ts";
import { runModel } from "./run-model.ts";

/** A message that is answered. */
export type Request = Extract<ToHost, { id: number }>;

/** The answer to a request, with bytes where it has some. They may be overwritten once the next request begins. */
export type Reply = { readonly answer: FromHost; readonly payload?: Uint8Array };

/** Does what requests ask for, one at a time. Never throws: a failure is an answer too. */
export function createCommands(grants: Grants): (request: Request, payload: Uint8Array) => Promise<Reply> {
  const residents = new Map<string, Resident>();
  const memory = createAnswerMemory();
  let proven: ProvenProvider | undefined;
  /** The failure after which nothing is run here any more. */
  let poison: Extract<FromHost, { type: "failed" }> | undefined;
  let poisonedSlotId: string | null = null;
  let faults: Faults = createFaults([], 1);

  async function act(request: Request, payload: Uint8Array): Promise<Reply> {
    if (request.type === "stats") {
      return { answer: { type: "stats", id: request.id, residentBytes: process.memoryUsage.rss() } };
    }
    if (request.type === "start") return start(request);
    if (poison !== undefined) throw toRefusal(request, poison, poisonedSlotId);
    if (request.type === "load") return load(request);
    if (request.type === "unload") return unload(request);
    return run(request, payload);
  }

  async function start(request: Extract<Request, { type: "start" }>): Promise<Reply> {
    faults = createFaults(request.faults, request.life);
    proven = await proveProvider(request);
    const { provider, refused } = proven;
    return { answer: { type: "started", id: request.id, provider, refused, runtime: env.versions.node ?? "" } };
  }

  async function load({ id, model }: Extract<Request, { type: "load" }>): Promise<Reply> {
    if (proven === undefined) throw new HostFailure("INTERNAL", "The host was asked to load before it was started");
    const began = performance.now();
    const wasLoaded = residents.has(model.key);
    if (!wasLoaded) residents.set(model.key, await loadResident(model, proven, memory));
    return { answer: { type: "loaded", id, wasLoaded, loadMs: performance.now() - began } };
  }

  async function unload({ id, key }: Extract<Request, { type: "unload" }>): Promise<Reply> {
    const resident = residents.get(key);
    residents.delete(key);
    await resident?.release();
    return { answer: { type: "unloaded", id, wasLoaded: resident !== undefined } };
  }

  async function run(request: Extract<Request, { type: "run" }>, data: Uint8Array): Promise<Reply> {
    const resident = residents.get(request.key);
    if (resident === undefined) throw new HostFailure("INTERNAL", `\`${request.key}\` is not loaded`);
    grants.check(request.slotId);
    const { id, widthPx, heightPx, channels } = request;
    const { payload, ...facts } = await runModel(faults.strike(resident, request), {
      ...{ widthPx, heightPx, channels, data },
    });
    return { answer: { type: "result", id, ...facts }, payload };
  }

  return async (request, payload) => {
    try {
      return await act(request, payload);
    } catch (error) {
      const answer = toFailed(request.id, error);
      if (answer.poisoned && poison === undefined) {
        poison = answer;
        poisonedSlotId = request.type === "run" ? request.slotId : null;
      }
      return { answer };
    }
  };
}

/**
 * The answer to what was sent before the service heard of a failure. Work of a slot that has run out of memory has to be asked
 * for differently; everybody else's is done elsewhere.
 */
function toRefusal(request: Request, poison: { readonly reason: Reason }, poisonedSlotId: string | null): HostFailure {
  const isSameWork = request.type === "run" && request.slotId !== null && request.slotId === poisonedSlotId;
  if (isSameWork && poison.reason === "OUT_OF_MEMORY") {
    return new HostFailure("OUT_OF_MEMORY", "No memory to run the model", { poisoned: true });
  }
  return new HostFailure("INFERENCE_FAILED", "The runtime failed before this", { poisoned: true });
}

/** A failure as a message. What was not foreseen poisons the process. */
export function toFailed(id: number, error: unknown): Extract<FromHost, { type: "failed" }> {
  if (error instanceof HostFailure) {
    const { reason, message, detail, poisoned } = error;
    return { type: "failed", id, reason, message, detail: detail.slice(0, 2_000), poisoned };
  }
  const detail = toText(error).slice(0, 2_000);
  if (saysOutOfMemory(detail)) {
    return {
      type: "failed",
      id,
      reason: "OUT_OF_MEMORY",
      message: "No memory to run the model",
      detail,
      poisoned: true,
    };
  }
  return { type: "failed", id, reason: "INTERNAL", message: "The inference host failed", detail, poisoned: true };
}
