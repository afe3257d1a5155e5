/** What a footprint was learned for. */
export type CardKey = {
  readonly modelDigest: string;
  readonly provider: string;
  readonly deviceName: string;
  readonly tilePx: number;
  readonly batch: number;
};

/**
 * What is known of a footprint: measured runs seen, the peak to expect in bytes, and the time of a run in ms (a moving
 * average). A card of no runs says that work was done within `peakBytes`, but not how much it took.
 */
export type Card = { readonly runs: number; readonly peakBytes: number; readonly runMs: number };

/** Cards by `toCardName`. */
export type Cards = Map<string, Card>;

/** A prediction; `isProven` is false where no run was ever seen: such work runs alone. */
export type Prediction = { readonly peakBytes: number; readonly isProven: boolean };

/** Measured runs after which a card alone decides; before, an estimate above it still counts. */
const settledRuns = 5;
/** Kept above the highest peak seen. */
const margin = 1.1;
/** The part of the way down that one lower run takes a card. */
const downRate = 0.05;
const outOfMemoryFactor = 1.25;

/** A card's name: what its key says, in one line. */
export function toCardName({ modelDigest, provider, deviceName, tilePx, batch }: CardKey): string {
  return [modelDigest, provider, deviceName, tilePx, batch].join("/");
}

/**
 * The peak to expect of a whole host. Unmeasured: the estimate times `unmeasuredFactor`. After up to 4 measured runs: the
 * larger of card and estimate. After that: the card.
 */
export function predictPeak(card: Card | undefined, estimateBytes: number, unmeasuredFactor: number): Prediction {
  if (card === undefined) return { peakBytes: Math.ceil(estimateBytes * unmeasuredFactor), isProven: false };
  if (card.runs >= settledRuns) return { peakBytes: card.peakBytes, isProven: true };
  const estimate = card.runs === 0 ? estimateBytes * unmeasuredFactor : estimateBytes;
  return { peakBytes: Math.ceil(Math.max(card.peakBytes, estimate)), isProven: true };
}

/** A card after a run that was alone on its device and took `peakBytes` at most: up at once, down slowly. */
export function learnRun(card: Card | undefined, peakBytes: number, runMs: number): Card {
  const seenBytes = Math.ceil(peakBytes * margin);
  if (card === undefined || card.runs === 0) return { runs: 1, peakBytes: seenBytes, runMs };
  const lowered = Math.ceil(card.peakBytes - (card.peakBytes - seenBytes) * downRate);
  return {
    runs: card.runs + 1,
    peakBytes: seenBytes >= card.peakBytes ? seenBytes : lowered,
    runMs: card.runMs + (runMs - card.runMs) / Math.min(card.runs + 1, 20),
  };
}

/** A card after a run that nobody measured: all that is known is that `grantedBytes` were enough. */
export function learnUnmeasured(card: Card | undefined, grantedBytes: number, runMs: number): Card {
  return card ?? { runs: 0, peakBytes: grantedBytes, runMs };
}

/** A card after its work ran out of memory with `grantedBytes`: a quarter more than what was too little. */
export function learnOutOfMemory(card: Card | undefined, grantedBytes: number): Card {
  const tooLittleBytes = Math.max(card?.peakBytes ?? 0, grantedBytes);
  const peakBytes = Math.ceil(tooLittleBytes * outOfMemoryFactor);
  return { runs: Math.max(card?.runs ?? 0, settledRuns), runMs: card?.runMs ?? 0, peakBytes };
}

/** How many cards are kept. */
const maxCards = 4_096;

/** Keeps a card; above 4,096 the one that was changed longest ago goes. */
export function setCard(cards: Cards, name: string, card: Card): void {
  cards.delete(name);
  cards.set(name, card);
  const oldest = cards.keys().next().value;
  if (cards.size > maxCards && oldest !== undefined) cards.delete(oldest);
}
