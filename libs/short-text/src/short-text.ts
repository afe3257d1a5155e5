/** Formats a size: "812 B", "3.1 MiB". */
export function toShortSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Formats a duration: "85 ms", "2.3 s", "4 min 10 s". */
export function toShortTime(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Formats a rate in the unit in which it is at least one: "12 a second", "4.5 a minute", "2.0 an hour". */
export function toRate(perSecond: number): string {
  const [rate, unit] =
    perSecond >= 1
      ? [perSecond, "a second"]
      : perSecond >= 1 / 60
        ? [perSecond * 60, "a minute"]
        : [perSecond * 3_600, "an hour"];
  return `${rate >= 9.95 ? Math.round(rate) : rate.toFixed(1)} ${unit}`;
}

/** Formats a time left, rounded so that it does not flicker: "8 s", "25 s", "4 min 10 s", "25 min", "3 h 20 min". */
export function toRoughTime(ms: number): string {
  const up = (value: number, step: number) => Math.max(step, Math.ceil(value / step - 1e-9) * step);
  const seconds = ms / 1_000;
  if (seconds <= 10) return `${up(seconds, 1)} s`;
  if (seconds <= 55) return `${up(seconds, 5)} s`;
  if (seconds <= 590) {
    const rounded = up(seconds, 10);
    const rest = rounded % 60;
    return `${Math.floor(rounded / 60)} min${rest === 0 ? "" : ` ${rest} s`}`;
  }
  const minutes = seconds / 60;
  if (minutes <= 59) return `${up(minutes, 1)} min`;
  if (minutes > 100 * 60) return "over 4 days";
  const rounded = up(minutes, 5);
  const rest = rounded % 60;
  return `${Math.floor(rounded / 60)} h${rest === 0 ? "" : ` ${rest} min`}`;
}
