/** The conditions that a memory profile was measured under. */
export type ProfileKey = {
  readonly modelDigest: string;
  readonly provider: string;
  readonly deviceName: string;
  readonly tilePx: number;
  readonly batch: number;
};

/**
 * A memory profile: the number of measured runs, the expected peak in bytes, and the moving average of a run's time in ms. With 0 runs
 * it only tells that `peakBytes` were enough, not how much was used.
 */
export type MemoryProfile = { readonly runs: number; readonly peakBytes: number; readonly runMs: number };

/** Memory profiles by `toProfileName`, least recently changed first. */
export type MemoryProfiles = Map<string, MemoryProfile>;

/** A predicted peak; `isProven` is false if the work never ran before: then it runs alone. */
export type Prediction = { readonly peakBytes: number; readonly isProven: boolean };

/** From this many measured runs on, the profile alone decides; before, a larger estimate still counts. */
const reliableRuns = 5;
/** Kept above the highest measured peak. */
const margin = 1.1;
/** The part of the difference by which one lower run lowers a profile. */
const downRate = 0.05;
const outOfMemoryFactor = 1.25;
/** Runs that the moving average of the time counts at most. */
const maxAveragedRuns = 20;

/** Returns the name of a profile: the fields of its key, joined. */
export function toProfileName({ modelDigest, provider, deviceName, tilePx, batch }: ProfileKey): string {
  return [modelDigest, provider, deviceName, tilePx, batch].join("/");
}

/**
 * Returns the predicted peak of a whole host. Without a profile: the estimate times `unmeasuredFactor`. With up to 4 measured runs:
 * the larger of profile and estimate. With more: the profile.
 */
export function predictPeak(
  profile: MemoryProfile | undefined,
  estimateBytes: number,
  unmeasuredFactor: number,
): Prediction {
  if (profile === undefined) return { peakBytes: Math.ceil(estimateBytes * unmeasuredFactor), isProven: false };
  if (profile.runs >= reliableRuns) return { peakBytes: profile.peakBytes, isProven: true };
  const estimate = profile.runs === 0 ? estimateBytes * unmeasuredFactor : estimateBytes;
  return { peakBytes: Math.ceil(Math.max(profile.peakBytes, estimate)), isProven: true };
}

/** Returns the profile after a run that was alone on its device and used at most `peakBytes`: it rises at once and falls slowly. */
export function learnRun(profile: MemoryProfile | undefined, peakBytes: number, runMs: number): MemoryProfile {
  const measuredBytes = Math.ceil(peakBytes * margin);
  if (profile === undefined || profile.runs === 0) return { runs: 1, peakBytes: measuredBytes, runMs };
  const loweredBytes = Math.ceil(profile.peakBytes - (profile.peakBytes - measuredBytes) * downRate);
  return {
    runs: profile.runs + 1,
    peakBytes: measuredBytes >= profile.peakBytes ? measuredBytes : loweredBytes,
    runMs: profile.runMs + (runMs - profile.runMs) / Math.min(profile.runs + 1, maxAveragedRuns),
  };
}

/** Returns the profile after a run without a measurement: `grantedBytes` were enough. */
export function learnUnmeasured(
  profile: MemoryProfile | undefined,
  grantedBytes: number,
  runMs: number,
): MemoryProfile {
  return profile ?? { runs: 0, peakBytes: grantedBytes, runMs };
}

/** Returns the profile after a run out of memory with `grantedBytes`: a quarter more than what was not enough. */
export function learnOutOfMemory(profile: MemoryProfile | undefined, grantedBytes: number): MemoryProfile {
  const tooSmallBytes = Math.max(profile?.peakBytes ?? 0, grantedBytes);
  const peakBytes = Math.ceil(tooSmallBytes * outOfMemoryFactor);
  return { runs: Math.max(profile?.runs ?? 0, reliableRuns), runMs: profile?.runMs ?? 0, peakBytes };
}

const maxProfiles = 4_096;

/** Stores a profile; above 4,096 profiles it removes the least recently changed one. */
export function setProfile(profiles: MemoryProfiles, name: string, profile: MemoryProfile): void {
  profiles.delete(name);
  profiles.set(name, profile);
  const oldest = profiles.keys().next().value;
  if (profiles.size > maxProfiles && oldest !== undefined) profiles.delete(oldest);
}
