import type { Epoch } from "@pixelmesh/proto";
import fc from "fast-check";
import type { DeviceReport, Effect, Measurement, SlotRequest } from "../src/domain/types.ts";

/** A made-up mesh with real consequences: what is granted grows, what is told to go goes. Bytes; devices of 1,000. */
export type World = ReturnType<typeof createWorld>;

type Host = {
  readonly hostId: string;
  readonly deviceId: string;
  readonly instance: string;
  readonly digest: string;
  readonly pinned: boolean;
  bytes: number;
  loaded: boolean;
  readonly running: Set<string>;
};

type Call = {
  readonly request: SlotRequest;
  state: "waiting" | "held" | "broken" | "ended";
  deviceId: string;
  /** Of its grant: its id, its term and counter, and the option that was granted. */
  slotId: string;
  epoch: Epoch | undefined;
  optionIndex: number;
  host: Host | undefined;
  /** What the run really needs at most, and holds of the service's own process now. */
  truePeakBytes: number;
  processBytes: number;
  renewedAtMs: number;
};

export const deviceIds = ["d0", "d1"] as const;
export const instances = ["0", "1"] as const;
export const totalBytes = 1_000;
export const tokensTotal = 4;
const validMs = 10_000;
const processIdleBytes = 20;

/** Models: what is estimated for each tile size, and the share of it that is true. */
const models = {
  "": { tiles: [0], estimate: 0, truth: 0 },
  small: { tiles: [512, 256], estimate: 0.15, truth: 0.95 },
  large: { tiles: [512, 256], estimate: 0.4, truth: 0.6 },
  exact: { tiles: [256], estimate: 0.5, truth: 1 },
} as const;

/** A request as drawn: sizes in bytes for work without a model, else what its model says. */
export type Wish = {
  readonly model: keyof typeof models;
  readonly sizeBytes: number;
  readonly workClass: SlotRequest["workClass"];
  readonly priority: SlotRequest["priority"];
  readonly instance: (typeof instances)[number];
  readonly devices: readonly string[];
  readonly tokens: number;
  readonly warm: boolean;
};

/** What is drawn for a request. */
export const wishes: fc.Arbitrary<Wish> = fc.record({
  model: fc.constantFrom("", "", "small", "large", "exact"),
  sizeBytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 100, max: 700 })),
  workClass: fc.constantFrom("light", "light", "light", "light", "heavy", "heavy", "heavy", "exclusive"),
  priority: fc.constantFrom("interactive", "batch"),
  instance: fc.constantFrom(...instances),
  devices: fc.constantFrom(["d0"], ["d1"], ["d0", "d1"], ["d1", "d0"]),
  tokens: fc.constantFrom(0, 0, 1, 1, 2, 9),
  warm: fc.boolean(),
});

/** Makes a world whose devices have `externalBytes` of foreign use each, and hosts of `pinned` models that never go. */
export function createWorld(externalBytes: readonly number[], pinned: ReadonlySet<string>) {
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
    Object.assign(call, { state: "held", deviceId, optionIndex, renewedAtMs: nowMs });
    if (modelDigest === "") {
      call.truePeakBytes = estimate;
      return;
    }
    call.truePeakBytes = Math.floor(estimate * models[modelDigest as keyof typeof models].truth);
    const own = (host: Host) => host.instance === instance && host.deviceId === deviceId && host.digest === modelDigest;
    call.host = [...hosts.values()].find(own);
    if (call.host === undefined) {
      made += 1;
      const hostId = `h${made}`;
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
      };
      hosts.set(hostId, call.host);
    }
    call.host.running.add(callId);
  };

  return {
    calls,
    silent,
    external,
    mistakes,
    trueBytes,
    waiting: () => [...calls].flatMap(([callId, call]) => (call.state === "waiting" ? [callId] : [])),
    running: () =>
      [...calls].flatMap(([callId, call]) => (call.state === "held" || call.state === "broken" ? [callId] : [])),
    held: () => [...calls].flatMap(([callId, call]) => (call.state === "held" ? [callId] : [])),

    /** A new call and its request. */
    wish(wish: Wish, deadlineMs: number): [string, SlotRequest] {
      const model = models[wish.model];
      const estimate = (tile: number) =>
        wish.model === "" ? wish.sizeBytes : Math.ceil(model.estimate * totalBytes * (tile / 512));
      const warmHost = [...hosts.values()].find(
        (host) => host.instance === wish.instance && host.digest === wish.model && wish.devices.includes(host.deviceId),
      );
      const request: SlotRequest = {
        ...{ service: "s", instance: wish.instance, deviceIds: wish.devices, jobId: "j", stepId: "s", tenant: "t" },
        ...{
          workClass: wish.workClass,
          priority: wish.priority,
          deadlineMs,
          modelDigest: wish.model,
          resume: undefined,
        },
        hostId: wish.warm && wish.model !== "" ? (warmHost?.hostId ?? "") : "",
        options: model.tiles.map((tilePx) => {
          return { tilePx, batch: 1, peakBytes: estimate(tilePx), computeTokens: wish.tokens };
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

    /** Work goes on: a run's memory grows to a share of what it needs in the end. */
    grow(callId: string, share: number) {
      const call = calls.get(callId);
      if (call?.state !== "held" && call?.state !== "broken") return;
      const bytes = Math.floor(call.truePeakBytes * share);
      if (call.host === undefined) call.processBytes = Math.max(call.processBytes, bytes);
      else Object.assign(call.host, { bytes: Math.max(call.host.bytes, bytes), loaded: true });
    },

    /** What the holder measured, to go with its release. */
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

    /** Holders stop on their own when a grant has run out on their clock. */
    expire(nowMs: number) {
      for (const [callId, call] of calls) {
        const isHeld = call.state === "held" || call.state === "broken";
        if (isHeld && nowMs >= call.renewedAtMs + validMs) stop(callId, "ended");
      }
    },

    /** The slots that a process holds, whether or not their call is up. */
    openSlots(instance: string): Set<string> {
      const held = [...calls.values()].filter(
        (call) => call.request.instance === instance && (call.state === "held" || call.state === "broken"),
      );
      return new Set(held.map(({ slotId }) => slotId));
    },

    /** A reporter's true reading of every device. */
    reports(instance: string): DeviceReport[] {
      return deviceIds.map((deviceId) => ({
        ...{ deviceId, kind: deviceId === "d0" ? "memory" : "gpu", name: deviceId, totalBytes },
        observedBytes: trueBytes(deviceId),
        computeTokens: tokensTotal,
        processesHidden: false,
        ownProcessBytes: processBytes(instance, deviceId),
        hosts: [...hosts.values()]
          .filter((host) => host.deviceId === deviceId && host.instance === instance)
          .map((host) => ({
            ...{ hostId: host.hostId, usedBytes: host.bytes, busy: host.running.size > 0 },
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

    /** Carries out what the scheduler decided. */
    apply(effects: readonly Effect[], nowMs: number) {
      for (const effect of effects) {
        if (effect.kind === "command") {
          if (effect.command.kind !== "evictHost") continue;
          const host = hosts.get(effect.command.hostId);
          if (host?.pinned) mistakes.push(`pinned host ${host.hostId} was to go`);
          if (host !== undefined && host.running.size > 0) mistakes.push(`busy host ${host.hostId} was to go`);
          if (host !== undefined && host.running.size === 0) hosts.delete(host.hostId);
          continue;
        }
        const call = calls.get(effect.callId);
        if (call === undefined) mistakes.push(`${effect.kind} for an unknown call`);
        else if (effect.kind === "grant") {
          Object.assign(call, { slotId: effect.slotId, epoch: effect.epoch });
          if (call.state === "waiting") startRun(effect.callId, call, effect.deviceId, effect.optionIndex, nowMs);
          else if (call.state !== "held") mistakes.push(`a grant for a call that is ${call.state}`);
        } else if (effect.kind === "end") stop(effect.callId, "ended");
      }
    },
  };
}
