/** A part of a frame: a head line and rows below it, the most important first. */
export type Section = { readonly head: string; readonly rows: readonly string[] };

/**
 * The sections as lines with a blank line before each, in at most `most` lines. Where they do not fit, the longest loses rows
 * first, and a last line says how many are not shown; heads go only where not even they fit.
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
    // The first row that goes makes room for nothing: its place is taken by the line that says so.
    shown[longest] = now === sections[longest]?.rows.length ? Math.max(0, now - 2) : now - 1;
  }
  const lines = sections.flatMap(({ head, rows }, at) => {
    const now = shown[at] ?? 0;
    const hidden = rows.length - now;
    return ["", head, ...rows.slice(0, now), ...(hidden > 0 ? [`  … ${hidden} more`] : [])];
  });
  return lines.slice(0, Math.max(0, most));
}
