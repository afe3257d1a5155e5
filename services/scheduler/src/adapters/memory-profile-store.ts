import { createHash } from "node:crypto";
import { type Bus, openStore } from "@pixelmesh/bus";
import { MemoryProfile as StoredProfile } from "@pixelmesh/proto";
import type { Logger } from "@pixelmesh/telemetry";
import type { MemoryProfile, MemoryProfiles } from "../domain/admission/memory-profiles.ts";

/** The memory profiles in the broker's bucket `profiles`. */
export type MemoryProfileStore = {
  /** Read at the start of leadership; the domain adds to it. */
  readonly profiles: MemoryProfiles;
  /** Writes the profiles that changed since the last call. */
  save(): Promise<void>;
  /** Saves once more and stops saving. */
  close(): Promise<void>;
};

const saveEveryMs = 1_000;
const maxProfiles = 4_096;

/** Reads the bucket `profiles`, deletes its oldest entries above 4,096, and saves changed profiles once a second. */
export async function openMemoryProfiles(bus: Bus, log: Logger): Promise<MemoryProfileStore> {
  const store = await openStore(bus, "profiles", StoredProfile);
  const keys = await store.list("profile.>");
  const entries = (await Promise.all(keys.map((key) => store.get(key)))).filter((entry) => entry !== undefined);
  entries.sort((a, b) => a.revision - b.revision);
  const surplus = entries.splice(0, Math.max(0, entries.length - maxProfiles));
  await Promise.all(surplus.map(({ key }) => store.delete(key)));

  const profiles: MemoryProfiles = new Map(
    entries.map(({ value: { name, runs, peakBytes, runMs } }) => [name, { runs, peakBytes, runMs }]),
  );
  const saved = new Map<string, MemoryProfile>(profiles);

  async function saveChanged(): Promise<void> {
    for (const [name, profile] of profiles) {
      if (saved.get(name) === profile) continue;
      await store.put(toKey(name), { name, ...profile });
      saved.set(name, profile);
    }
    for (const name of saved.keys()) if (!profiles.has(name)) saved.delete(name);
  }
  let saving = Promise.resolve();
  const save = () => {
    saving = saving
      .then(saveChanged)
      .catch((error: unknown) => log.debug({ err: error }, "memory profiles not saved; tried again"));
    return saving;
  };
  const timer = setInterval(save, saveEveryMs);
  return {
    profiles,
    save,
    async close() {
      clearInterval(timer);
      await save();
    },
  };
}

/** Returns a hash of the name, because names contain characters that keys may not contain. */
function toKey(name: string): string {
  return `profile.${createHash("sha256").update(name).digest("hex").slice(0, 40)}`;
}
