/** Formats how long ago something was: "now", "12 s ago", "3 h ago", "5 days ago". */
export function toAge(thenUnixMs: number, nowUnixMs: number): string {
  const seconds = Math.max(0, Math.floor((nowUnixMs - thenUnixMs) / 1_000));
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/** Formats a share from 0 to 1: "42 %". */
export function toPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Formats a count with its noun: "1 job", "2 jobs". */
export function toCount(count: number, noun: string): string {
  return `${count.toLocaleString("en-GB")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns a name of the contract as people read it: "remove_background" becomes "remove background". */
export function toWords(name: string): string {
  return name.replaceAll("_", " ").toLowerCase();
}

/** Returns a name with a capital letter: "Remove background". */
export function toTitle(name: string): string {
  const words = toWords(name);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
