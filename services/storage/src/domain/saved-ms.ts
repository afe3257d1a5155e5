import { expected } from "@pixelmesh/errors";

/** The longest time that a use of a blob can save, in milliseconds: the longest deadline of a job. */
export const maxSavedMs = 24 * 3_600_000;

/** Levels of saved time from 1 ms to `maxSavedMs`, as many as a file's time has space for. A time is at most 27 % from its level. */
export const savedLevels = 40;
const stepLog = Math.log(maxSavedMs) / (savedLevels - 1);

/** Returns the level of a saved time, 1 to `savedLevels`; 0 if it is unknown (0). */
export function toSavedLevel(savedMs: number): number {
  if (savedMs <= 0) return 0;
  return 1 + Math.round(Math.log(Math.min(maxSavedMs, Math.max(1, savedMs))) / stepLog);
}

/** Returns the time of a level in whole milliseconds; 0 for level 0. */
export function fromSavedLevel(level: number): number {
  return level === 0 ? 0 : Math.round(Math.exp((level - 1) * stepLog));
}

/** A stored time may be that of its level. */
const nearFactor = 1.3;

/** Whether a new saved time is unknown, or so near the stored one that it needs no write. */
export function isNearSavedMs(storedMs: number, newMs: number): boolean {
  return newMs <= 0 || (newMs <= storedMs * nearFactor + 1 && storedMs <= newMs * nearFactor + 1 && storedMs > 0);
}

/** Returns a `saved_ms` of a request. Throws INVALID_ARGUMENT unless it is a whole number from 0 to 24 hours. */
export function parseSavedMs(field: string, savedMs: number): number {
  if (Number.isSafeInteger(savedMs) && savedMs >= 0 && savedMs <= maxSavedMs) return savedMs;
  throw expected(field, `0, or the milliseconds that a use saves, at most ${maxSavedMs}`, savedMs);
}
