import { createHash } from "node:crypto";
import { type Bus, openStore } from "@pixelmesh/bus";
import { FootprintCard } from "@pixelmesh/proto";
import type { Logger } from "@pixelmesh/telemetry";
import type { Card, Cards } from "../domain/admission/memory-profiles.ts";

/** The cards of earlier runs, and how what is learned goes back to the broker. */
export type CardStore = {
  /** Read when leadership begins; the domain adds to it. */
  readonly cards: Cards;
  /** Writes what was learned since the last time. */
  save(): Promise<void>;
  close(): Promise<void>;
};

const saveEveryMs = 1_000;
const maxCards = 4_096;

/** Reads the bucket `cards`, newest last, and keeps it up with what is learned, once a second. */
export async function openCards(bus: Bus, log: Logger): Promise<CardStore> {
  const store = await openStore(bus, "cards", FootprintCard);
  const keys = await store.list("card.>");
  const entries = (await Promise.all(keys.map((key) => store.get(key)))).filter((entry) => entry !== undefined);
  entries.sort((a, b) => a.revision - b.revision);
  const surplus = entries.splice(0, Math.max(0, entries.length - maxCards));
  await Promise.all(surplus.map(({ key }) => store.delete(key)));

  const cards: Cards = new Map(
    entries.map(({ value: { name, runs, peakBytes, runMs } }) => [name, { runs, peakBytes, runMs }]),
  );
  const saved = new Map<string, Card>(cards);

  async function save(): Promise<void> {
    for (const [name, card] of cards) {
      if (saved.get(name) === card) continue;
      await store.put(toKey(name), { name, ...card });
      saved.set(name, card);
    }
    for (const name of saved.keys()) if (!cards.has(name)) saved.delete(name);
  }
  let saving = Promise.resolve();
  const saveNext = () => {
    saving = saving.then(save).catch((error: unknown) => log.debug({ err: error }, "cards not saved; tried again"));
    return saving;
  };
  const timer = setInterval(saveNext, saveEveryMs);
  return {
    cards,
    save: saveNext,
    async close() {
      clearInterval(timer);
      await saveNext();
    },
  };
}

/** Names have characters that keys may not have. */
function toKey(name: string): string {
  return `card.${createHash("sha256").update(name).digest("hex").slice(0, 40)}`;
}
