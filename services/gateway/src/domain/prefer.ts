/** What a `Prefer` header asks for (RFC 7240). */
export type Preference = { readonly respondAsync: boolean; readonly waitMs: number | undefined };

/** Reads `respond-async` and `wait=SECONDS` of a `Prefer` header. Ignores other and malformed preferences, as RFC 7240 requires. */
export function parsePrefer(header: string | undefined): Preference {
  const preferences = (header ?? "").split(",").map((text) => text.split(";")[0]?.trim().toLowerCase() ?? "");
  const seconds = preferences.map((text) => /^wait\s*=\s*"?(\d{1,6})"?$/.exec(text)?.[1]).find((text) => text);
  return {
    respondAsync: preferences.includes("respond-async"),
    waitMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  };
}
