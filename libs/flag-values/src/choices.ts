/** Values of `--quality`. */
export const qualities = ["auto", "high", "balanced", "fast"] as const;
/** Values of `--priority`. */
export const priorities = ["interactive", "batch"] as const;
