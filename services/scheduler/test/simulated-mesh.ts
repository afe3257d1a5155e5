import type { Epoch } from "@pixelmesh/proto";
import type { Measurement, SlotRequest } from "../src/domain/admission/slot-request.ts";
import type { DeviceReport } from "../src/domain/devices/device-report.ts";
import type { SchedulerEffect } from "../src/domain/effects.ts";
import { type DrawnRequest, deviceIds, instances, models, tokensTotal, totalBytes } from "./drawn-requests.ts";

type Host = {
  readonly hostId: string;
  readonly deviceId: string;
  readonly instance: string;
  readonly digest: string;
  readonly pinned: boolean;
  bytes: number;
  loaded: boolean;
  readonly running: Set<string>;
  /** Whether it holds one slot at a time, and is named by options. */
  readonly isNarrow: boolean;
};

type Call = {
  readonly request: SlotRequest;
  /** `broken`: the run continues without its call. `resuming`: the run continues and was announced again. */
  state: "waiting" | "held" | "broken" | "resuming" | "ended";
  deviceId: string;
  /** Id, epoch and option of its grant. */
  slotId: string;
  epoch: Epoch | undefined;
  optionIndex: number;
  host: Host | undefined;
  /** The true peak of the run, and its current use in the service's own process. */
  truePeakBytes: number;
  processBytes: number;
  renewedAtMs: number;
};

/** How long a grant is valid on the holder's clock. */
export const validMs = 10_000;
const alive: ReadonlySet<Call["state"]> = new Set(["held", "broken", "resuming"]);
const processIdleBytes = 20;

/**
 * Creates a simulated mesh: granted runs use memory, evicted hosts end. Devices have 1,000 bytes, of which other processes use
 * `externalBytes`. Hosts of `pinned` models must never be evicted.
 */
export function createSimulatedMesh(externalBytes: readonly number[], pinned: ReadonlySet<string>) {
  const calls = new Map<string, Call>();
  const hosts = new Map<string, Host>();
  const silent = new Set<string>();
  const external = new Map(deviceIds.map((deviceId, n) => [deviceId as string, externalBytes[n] ?? 0]));
  const mistakes: string[] = [];
  let made = 0;

  const running = (instance: string, deviceId: string) =>
    [...calls.values()].filter((call) => call.request.instance === instance && call.deviceId === deviceId);
  const processBytes = (instance: string, deviceId: string) =>
    running(instance, deviceId).reduce((sum, call) => sum + call.processBytes, processIdleBytes);
  const trueBytes = (deviceId: string) =>
    [...hosts.values()].reduce((sum, host) => sum + (host.deviceId === deviceId ? host.bytes : 0), 0) +
    instances.reduce((sum, instance) => sum + processBytes(instance, deviceId), external.get(deviceId) ?? 0);

  const stop = (callId: string, state: "broken" | "ended") => {
    const call = calls.get(callId);
    if (call === undefined) return;
    call.host?.running.delete(callId);
    call.processBytes = 0;
    call.state = state === "broken" ? "ended" : state;
  };

  const startRun = (callId: string, call: Call, deviceId: string, optionIndex: number, nowMs: number) => {
    const { modelDigest, instance, options } = call.request;
    const estimate = options[optionIndex]?.peakBytes ?? 0;
    const narrowHostId = options[optionIndex]?.hostId ?? "";
    Object.assign(call, { state: "held", deviceId, optionIndex, renewedAtMs: nowMs });
    if (modelDigest === "") {
      call.truePeakBytes = estimate;
      return;
    }
    call.truePeakBytes = Math.floor(estimate * models[modelDigest as keyof typeof models].truth);
    const own = (host: Host) =>
      host.instance === instance && host.deviceId === deviceId && host.digest === modelDigest && !host.isNarrow;
    call.host = narrowHostId === "" ? [...hosts.values()].find(own) : hosts.get(narrowHostId);
    if (narrowHostId !== "" && (call.host?.running.size ?? 0) > 0) mistakes.push(`two slots on ${narrowHostId}`);
    if (call.host === undefined) {
      made += 1;
      const hostId = narrowHostId || `h${made}`;
      const isPinned = pinned.has(modelDigest);
      call.host = {
        hostId,
        deviceId,
        instance,
        digest: modelDigest,
        pinned: isPinned,
        bytes: 0,
        loaded: false,
        running: new Set(),
        isNarrow: narrowHostId !== "",
      };
      hosts.set(hostId, call.host);
    }
    call.host.running.add(callId);
  };

  return {
    calls,
    stop: (callId: string) => stop(callId, "ended"),
    isBusy: (hostId: string) => (hosts.get(hostId)?.running.size ?? 0) > 0,
    silent,
    external,
    mistakes,
    trueBytes,
    waiting: () => [...calls].flatMap(([callId, call]) => (call.state === "waiting" ? [callId] : [])),
    running: () => [...calls].flatMap(([callId, call]) => (alive.has(call.state) ? [callId] : [])),
    held: () => [...calls].flatMap(([callId, call]) => (call.state === "held" ? [callId] : [])),

    /** Adds a waiting call and returns it with its request. */
    addCall(drawn: DrawnRequest, deadlineMs: number): [string, SlotRequest] {
      const model = models[drawn.model];
      const estimate = (tile: number) =>
        drawn.model === "" ? drawn.sizeBytes : Math.ceil(model.estimate * totalBytes * (tile / 512));
      const warmHost = [...hosts.values()].find(
        (host) =>
          host.instance === drawn.instance &&
          host.digest === drawn.model &&
          drawn.devices.includes(host.deviceId) &&
          !host.isNarrow,
      );
      const narrowHosts = drawn.devices.length > 1 || drawn.model === "" ? 0 : drawn.narrowHosts;
      const narrowIds = Array.from(
        { length: narrowHosts },
        (_, n) => `${drawn.instance}/${drawn.devices}/${drawn.model}/${n}`,
      );
      const request: SlotRequest = {
        service: "s",
        instance: drawn.instance,
        deviceIds: drawn.devices,
        jobId: `j${calls.size % 9}`,
        stepId: "s",
        tenant: "t",
        workClass: drawn.workClass,
        priority: drawn.priority,
        deadlineMs,
        modelDigest: drawn.model,
        resume: undefined,
        hostId: drawn.warm && drawn.model !== "" ? (warmHost?.hostId ?? "") : "",
        options: model.tiles.flatMap((tilePx) => {
          const option = { tilePx, batch: 1, peakBytes: estimate(tilePx), computeTokens: drawn.tokens };
          return [option, ...narrowIds.map((hostId) => ({ ...option, computeTokens: 1, hostId }))];
        }),
      };
      const callId = `c${calls.size}`;
      const idle = {
        slotId: "",
        epoch: undefined,
        optionIndex: 0,
        host: undefined,
        truePeakBytes: 0,
        processBytes: 0,
        renewedAtMs: 0,
      };
      calls.set(callId, { request, state: "waiting", deviceId: "", ...idle });
      return [callId, request];
    },

    /** Grows the memory of a run to a share of its true peak. */
    grow(callId: string, share: number) {
      const call = calls.get(callId);
      if (call === undefined || !alive.has(call.state)) return;
      const bytes = Math.floor(call.truePeakBytes * share);
      if (call.host === undefined) call.processBytes = Math.max(call.processBytes, bytes);
      else Object.assign(call.host, { bytes: Math.max(call.host.bytes, bytes), loaded: true });
    },

    /** Ends a run and returns the measurement for its release. */
    finish(callId: string): Measurement {
      const call = calls.get(callId);
      const peakBytes = call?.host?.bytes ?? 0;
      stop(callId, "ended");
      return { peakBytes, runMs: 100, outOfMemory: false };
    },

    renew(callId: string, nowMs: number) {
      const call = calls.get(callId);
      if (call !== undefined) call.renewedAtMs = nowMs;
    },

    breakOff(callId: string) {
      const call = calls.get(callId);
      if (call !== undefined) call.state = call.state === "held" ? "broken" : "ended";
    },

    /** A holder whose call broke announces its slot again. Returns the new call and its request. */
    resume(callId: string): [string, SlotRequest] | undefined {
      const call = calls.get(callId);
      if (call?.state !== "broken") return undefined;
      made += 1;
      const newCallId = `${callId}+${made}`;
      calls.delete(callId);
      calls.set(newCallId, Object.assign(call, { state: "resuming" as const }));
      const options = call.request.options.slice(call.optionIndex, call.optionIndex + 1);
      return [newCallId, { ...call.request, deviceIds: [call.deviceId], options, resume: call.epoch }];
    },

    /** Kills a process with its runs and hosts. Returns the broken calls. */
    kill(instance: string): string[] {
      const broken = [...calls].filter(([, call]) => call.request.instance === instance && call.state !== "ended");
      for (const [callId] of broken) stop(callId, "ended");
      for (const host of [...hosts.values()]) if (host.instance === instance) hosts.delete(host.hostId);
      return broken.map(([callId]) => callId);
    },

    /** Ends the runs whose grant has expired on the clock of their holder. */
    expire(nowMs: number) {
      for (const [callId, call] of calls) {
        if (alive.has(call.state) && nowMs >= call.renewedAtMs + validMs) stop(callId, "ended");
      }
    },

    /** Returns the slots that a process holds, including those with a broken call. */
    openSlots(instance: string): Set<string> {
      const held = [...calls.values()].filter((call) => call.request.instance === instance && alive.has(call.state));
      return new Set(held.map(({ slotId }) => slotId));
    },

    /** Returns a reporter's true reports of all devices. */
    reports(instance: string): DeviceReport[] {
      return deviceIds.map((deviceId) => ({
        deviceId,
        kind: deviceId === "d0" ? "memory" : "gpu",
        name: deviceId,
        totalBytes,
        observedBytes: trueBytes(deviceId),
        computeTokens: tokensTotal,
        processesHidden: false,
        ownProcessBytes: processBytes(instance, deviceId),
        hosts: [...hosts.values()]
          .filter((host) => host.deviceId === deviceId && host.instance === instance)
          .map((host) => ({
            hostId: host.hostId,
            usedBytes: host.bytes,
            busy: host.running.size > 0,
            models: host.loaded
              ? [
                  {
                    name: "m",
                    digest: host.digest,
                    provider: "",
                    residentBytes: 0,
                    pinned: host.pinned,
                    lastUsedUnixMs: 0,
                  },
                ]
              : [],
          })),
      }));
    },

    /** Carries out effects of the scheduler. */
    apply(effects: readonly SchedulerEffect[], nowMs: number) {
      for (const effect of effects) {
        if (effect.kind === "command") {
          if (effect.command.kind !== "evictHost") continue;
          const host = hosts.get(effect.command.hostId);
          if (host?.pinned) mistakes.push(`pinned host ${host.hostId} was evicted`);
          if (host !== undefined && host.running.size > 0) mistakes.push(`busy host ${host.hostId} was evicted`);
          if (host !== undefined && host.running.size === 0) hosts.delete(host.hostId);
          continue;
        }
        const call = calls.get(effect.callId);
        if (call === undefined) mistakes.push(`${effect.kind} for an unknown call`);
        else if (effect.kind === "grant") {
          Object.assign(call, { slotId: effect.slotId, epoch: effect.epoch });
          if (call.state === "resuming") Object.assign(call, { state: "held", renewedAtMs: nowMs });
          else if (call.state === "waiting") startRun(effect.callId, call, effect.deviceId, effect.optionIndex, nowMs);
          else if (call.state !== "held") mistakes.push(`a grant for a call that is ${call.state}`);
        } else if (effect.kind === "end" || effect.kind === "redirect") stop(effect.callId, "ended");
      }
    },
  };
}
