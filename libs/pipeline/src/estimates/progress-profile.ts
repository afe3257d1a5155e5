/** At which share of a run's time its own count of progress began, and passed a quarter, a half and three quarters. */
export type ProgressProfile = readonly [number, number, number, number];

/** The marks of a profile. */
export const profileMarks = [0.001, 0.25, 0.5, 0.75] as const;

/** Profiles of runs by the name of their work. */
export type ProfileBook = {
  note(name: string, profile: ProgressProfile): void;
  find(name: string): ProgressProfile | undefined;
};

/** The newest run counts so much. */
const newestShare = 0.3;
const maxEntries = 1_024;

/** An empty book; bounded, the longest unused name makes room. */
export function createProfileBook(): ProfileBook {
  const profiles = new Map<string, ProgressProfile>();
  return {
    note(name, profile) {
      const before = profiles.get(name) ?? profile;
      const mix = (at: 0 | 1 | 2 | 3) => before[at] + newestShare * (profile[at] - before[at]);
      profiles.delete(name);
      profiles.set(name, [mix(0), mix(1), mix(2), mix(3)]);
      const oldest = profiles.keys().next();
      if (profiles.size > maxEntries && !oldest.done) profiles.delete(oldest.value);
    },
    find: (name) => profiles.get(name),
  };
}

/** The share of a run's time that is over at `fraction`, by the straight lines between the marks; `fraction` where none is known. */
export function timeShare(profile: ProgressProfile | undefined, fraction: number): number {
  const at = Math.min(1, Math.max(0, fraction));
  if (profile === undefined) return at;
  const xs = [0, ...profileMarks, 1];
  const ys = [0, ...profile, 1];
  const next = Math.max(
    1,
    xs.findIndex((x) => x >= at),
  );
  const [x0 = 0, x1 = 1, y0 = 0, y1 = 1] = [xs[next - 1], xs[next], ys[next - 1], ys[next]];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}
