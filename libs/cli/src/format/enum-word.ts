/** The lower-case name of an enum's value ("host_memory"); "unknown" for one that this release does not know. */
export function toEnumWord(names: Readonly<Record<string, number>>, value: number | undefined): string {
  const found = Object.entries(names).find(([, number]) => number === value)?.[0];
  return found === undefined || found === "UNRECOGNIZED" ? "unknown" : found.toLowerCase();
}
