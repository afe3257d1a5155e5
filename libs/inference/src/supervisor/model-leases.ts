import type { AvailableModel } from "../models/registry.ts";
import type { UnloadCause } from "./events.ts";
import { type HeldModel, nextRoomStep, patienceMs, protectedForMs, type RoomRules } from "./eviction-policy.ts";
import { toModelKey } from "./process.ts";
import { waitFor } from "./wait-for.ts";

/** A model on a device, as long as it is resident there. */
type Entry = { -readonly [K in keyof HeldModel]: HeldModel[K] } & {
  readonly model: AvailableModel;
  isLeaving: boolean;
};

/** What the models of a device live in. */
export type ModelHome = {
  /** Memory that its hosts hold now. */
  readonly usedBytes: () => Promise<number>;
  /** Frees a model because of others. */
  readonly displace: (model: AvailableModel, why: UnloadCause) => Promise<void>;
};

/** Who holds which model of one device, and who has to wait. */
export type ModelLeases = {
  /** Waits until the model may be there, and holds it. Takes the signal's reason. */
  readonly take: (model: AvailableModel, signal?: AbortSignal) => Promise<void>;
  readonly give: (model: AvailableModel) => void;
  /** Waits until nobody holds any of the models, lets nobody in meanwhile, frees them by `act`, and forgets them. */
  readonly clear: <T>(models: readonly AvailableModel[], act: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
  readonly noteLoad: (name: string, loadMs: number) => void;
  readonly setPinned: (name: string, pinned: boolean) => void;
  readonly forget: (model: AvailableModel) => void;
  readonly patienceMs: (model: AvailableModel) => Promise<number>;
  readonly held: () => readonly (HeldModel & { readonly model: AvailableModel })[];
};

/** Nobody holds anything yet. */
export function createModelLeases(rules: RoomRules, home: ModelHome, nowMs = () => performance.now()): ModelLeases {
  const entries = new Map<string, Entry>();
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let released = Promise.withResolvers<void>();

  /** One at a time, in order: who waits for room is not overtaken. */
  const inTurn = async <T>(act: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    waiting++;
    const mine = turn.then(() => {
      signal?.throwIfAborted();
      return act();
    });
    turn = mine.catch(() => {}).finally(() => waiting--);
    return waitFor(mine, signal);
  };
  const hold = (model: AvailableModel) => {
    const key = toModelKey(model);
    const now = nowMs();
    const entry = entries.get(key) ?? {
      ...{ key, model, holders: 0, pinned: false, loadedMs: now, lastUsedMs: now, loadMs: 0, isLeaving: false },
    };
    entry.holders++;
    entry.lastUsedMs = now;
    entries.set(key, entry);
  };
  const toWanted = (model: AvailableModel) => ({ key: toModelKey(model), bytes: model.memory.residentBytes });
  const whenReleased = (signal: AbortSignal | undefined) => waitFor(released.promise, signal);

  const give = (model: AvailableModel) => {
    const entry = entries.get(toModelKey(model));
    if (entry === undefined) return;
    entry.holders--;
    entry.lastUsedMs = nowMs();
    released.resolve();
    released = Promise.withResolvers();
  };

  async function makeRoom(model: AvailableModel, signal: AbortSignal | undefined): Promise<void> {
    const wanted = toWanted(model);
    while (!entries.has(wanted.key)) {
      signal?.throwIfAborted();
      const step = nextRoomStep([...entries.values()], wanted, await home.usedBytes(), rules);
      if ("go" in step) break;
      const entry = "unload" in step ? entries.get(step.unload) : undefined;
      if (!("unload" in step)) await whenReleased(signal);
      else if (entry?.holders === 0) {
        entries.delete(entry.key);
        await home.displace(entry.model, step.why);
      }
    }
    hold(model);
  }

  return {
    async take(model, signal) {
      signal?.throwIfAborted();
      const entry = entries.get(toModelKey(model));
      const mayPass = waiting === 0 || (entry !== undefined && protectedForMs(entry, rules, nowMs()) > 0);
      if (entry && !entry.isLeaving && mayPass) return hold(model);
      let isTaken = false;
      try {
        await inTurn(async () => {
          await makeRoom(model, signal);
          isTaken = true;
        }, signal);
      } catch (error) {
        // Whoever gave up while it was its turn may have been given it all the same.
        void turn.then(() => isTaken && give(model));
        throw error;
      }
    },
    give,
    clear: (models, act, signal) =>
      inTurn(async () => {
        const mine = models.flatMap((model) => entries.get(toModelKey(model)) ?? []);
        for (const entry of mine) entry.isLeaving = true;
        try {
          while (mine.some(({ holders }) => holders > 0)) await whenReleased(signal);
          const result = await act();
          for (const { key } of mine) entries.delete(key);
          return result;
        } finally {
          for (const entry of mine) entry.isLeaving = false;
        }
      }, signal),
    noteLoad(name, loadMs) {
      const loaded = [...entries.values()].filter(({ model }) => model.name === name);
      for (const entry of loaded) Object.assign(entry, { loadMs, loadedMs: nowMs() });
    },
    setPinned(name, pinned) {
      for (const entry of entries.values()) if (entry.model.name === name) entry.pinned = pinned;
    },
    forget(model) {
      const entry = entries.get(toModelKey(model));
      if (entry?.holders === 0) entries.delete(entry.key);
    },
    async patienceMs(model) {
      // The kernel walks all pages of a process to say how many it has: only where it matters.
      if (entries.size === 0 || entries.has(toModelKey(model))) return 0;
      return patienceMs([...entries.values()], toWanted(model), await home.usedBytes(), rules, nowMs());
    },
    held: () => [...entries.values()],
  };
}
