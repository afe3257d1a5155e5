/** A part of the screen: a head line and rows below it, the most important first. */
export type Section = { readonly head: string; readonly rows: readonly string[] };

/**
 * Formats the sections with a blank line before each, in at most `most` lines. Where they do not fit, the longest section loses rows
 * first, and its last line states how many are hidden. Heads are dropped only where even they do not fit.
 */
export function fitSections(sections: readonly Section[], most: number): string[] {
  const shown = sections.map(({ rows }) => rows.length);
  const linesOf = (at: number) => {
    const all = sections[at]?.rows.length ?? 0;
    const now = shown[at] ?? 0;
    return 2 + now + (now < all ? 1 : 0);
  };
  const total = () => shown.reduce((sum, _, at) => sum + linesOf(at), 0);
  while (total() > most) {
    const longest = shown.indexOf(Math.max(...shown));
    const now = shown[longest] ?? 0;
    if (now === 0) break;
    // The line about hidden rows takes the place of the first hidden row.
    shown[longest] = now === sections[longest]?.rows.length ? Math.max(0, now - 2) : now - 1;
  }
  const lines = sections.flatMap(({ head, rows }, at) => {
    const now = shown[at] ?? 0;
    const hidden = rows.length - now;
    return ["", head, ...rows.slice(0, now), ...(hidden > 0 ? [`  … ${hidden} more`] : [])];
  });
  return lines.slice(0, Math.max(0, most));
}
