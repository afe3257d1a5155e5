/** Returns the lower-case name of an enum's value ("host_memory"), or "unknown" for a value of a later release. */
export function toEnumWord(names: Readonly<Record<string, number>>, value: number | undefined): string {
  const found = Object.entries(names).find(([, number]) => number === value)?.[0];
  return found === undefined || found === "UNRECOGNIZED" ? "unknown" : found.toLowerCase();
}
