/** Version of this release: one for the whole mesh. */
export const version = "0.1.0";
