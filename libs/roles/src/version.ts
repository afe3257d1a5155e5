/** Version of this release, equal for the whole mesh. */
export const version = "0.1.0";
