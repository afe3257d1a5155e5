import type { Reason } from "@pixelmesh/errors";
import { env } from "onnxruntime-node";
import { HostFailure, saysOutOfMemory, toText } from "../protocol/host-failure.ts";
import type { HostRequest, HostResponse } from "../protocol/messages.ts";
import { createFaultInjector, type FaultInjector } from "./faults.ts";
import { type LoadedModel, loadModel } from "./loaded-model.ts";
import { createOutputMemory } from "./pixels/output-memory.ts";
import { type ProvenProvider, proveProvider } from "./providers.ts";
import type { RunGrants } from "./run-grants.ts";
import { runModel } from "./run-model.ts";

/** A response, with a payload if it has one. The payload may be overwritten once the next request begins. */
export type HostReply = { readonly response: HostResponse; readonly payload?: Uint8Array };

type RequestOf<T extends HostRequest["type"]> = Extract<HostRequest, { type: T }>;
type Failed = Extract<HostResponse, { type: "failed" }>;

/** Creates the handler of requests, to be called for one at a time. Never rejects: a failure becomes a `failed` response. */
export function createRequestHandler(
  grants: RunGrants,
): (request: HostRequest, payload: Uint8Array) => Promise<HostReply> {
  const models = new Map<string, LoadedModel>();
  const memory = createOutputMemory();
  let proven: ProvenProvider | undefined;
  /** The failure that poisoned this process. No model runs after it. */
  let poison: Failed | undefined;
  let poisonedSlotId: string | null = null;
  let faults: FaultInjector = createFaultInjector([], 1);

  async function handle(request: HostRequest, payload: Uint8Array): Promise<HostReply> {
    if (request.type === "stats") {
      return { response: { type: "stats", id: request.id, residentBytes: process.memoryUsage.rss() } };
    }
    if (request.type === "start") return start(request);
    if (poison !== undefined) throw toRefusal(request, poison, poisonedSlotId);
    if (request.type === "load") return load(request);
    if (request.type === "unload") return unload(request);
    return run(request, payload);
  }

  async function start(request: RequestOf<"start">): Promise<HostReply> {
    faults = createFaultInjector(request.faults, request.generation);
    proven = await proveProvider(request);
    const { provider, refused } = proven;
    return { response: { type: "started", id: request.id, provider, refused, runtime: env.versions.node ?? "" } };
  }

  async function load({ id, model, isProven }: RequestOf<"load">): Promise<HostReply> {
    if (proven === undefined) throw new HostFailure("INTERNAL", "The host was asked to load before it was started");
    const began = performance.now();
    const wasLoaded = models.has(model.key);
    if (!wasLoaded) models.set(model.key, await loadModel(model, proven, memory, isProven));
    return { response: { type: "loaded", id, wasLoaded, loadMs: performance.now() - began } };
  }

  async function unload({ id, key }: RequestOf<"unload">): Promise<HostReply> {
    const model = models.get(key);
    models.delete(key);
    await model?.release();
    return { response: { type: "unloaded", id, wasLoaded: model !== undefined } };
  }

  async function run(request: RequestOf<"run">, data: Uint8Array): Promise<HostReply> {
    const model = models.get(request.key);
    if (model === undefined) throw new HostFailure("INTERNAL", `\`${request.key}\` is not loaded`);
    grants.check(request.slotId);
    const { id, widthPx, heightPx, channels } = request;
    const { payload, ...result } = await runModel(faults.forRun(model, request), { widthPx, heightPx, channels, data });
    return { response: { type: "result", id, ...result }, payload };
  }

  return async (request, payload) => {
    try {
      return await handle(request, payload);
    } catch (error) {
      const response = toFailed(request.id, error);
      if (response.poisoned && poison === undefined) {
        poison = response;
        poisonedSlotId = request.type === "run" ? request.slotId : null;
      }
      return { response };
    }
  };
}

/**
 * The failure of a request that was sent before the service knew of the poisoning. Runs of the slot that ran out of memory
 * fail with OUT_OF_MEMORY, because they need less memory; all others can be retried on another process.
 */
function toRefusal(
  request: HostRequest,
  poison: { readonly reason: Reason },
  poisonedSlotId: string | null,
): HostFailure {
  const isSameSlot = request.type === "run" && request.slotId !== null && request.slotId === poisonedSlotId;
  if (isSameSlot && poison.reason === "OUT_OF_MEMORY") {
    return new HostFailure("OUT_OF_MEMORY", "No memory to run the model", { poisoned: true });
  }
  return new HostFailure("INFERENCE_FAILED", "The runtime failed before this", { poisoned: true });
}

/** A failure as a message. An unexpected one poisons the process. */
export function toFailed(id: number, error: unknown): Failed {
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
