/** The shares of a run's time at which its reported fraction passed each of `profileMarks`. */
export type ProgressProfile = readonly [number, number, number, number];

/** The fractions whose times a profile holds: the begin, a quarter, a half and three quarters. */
export const profileMarks = [0.001, 0.25, 0.5, 0.75] as const;

/** Profiles by the name of the work. */
export type ProgressProfiles = {
  observe(name: string, profile: ProgressProfile): void;
  find(name: string): ProgressProfile | undefined;
};

/** Weight of the newest run. */
const newestShare = 0.3;
const maxEntries = 1_024;

/** Creates empty profiles. Bounded: the least recently updated name is removed. */
export function createProgressProfiles(): ProgressProfiles {
  const profiles = new Map<string, ProgressProfile>();
  return {
    observe(name, profile) {
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

/** The share of a run's time that has passed at `fraction`, interpolated between the marks; `fraction` itself without a profile. */
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
