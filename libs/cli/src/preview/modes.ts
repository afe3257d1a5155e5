/** Words of `--mode`. */
export const previewModes = ["fast", "balanced", "high"] as const;

/** A word of `--mode`. */
export type PreviewModeName = (typeof previewModes)[number];
