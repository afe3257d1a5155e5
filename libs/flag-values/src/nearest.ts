/**
 * Returns the known name that is nearest to the typed one. Its distance is at most a third of its characters, counted in
 * insertions, deletions, changes and swaps of neighbours (optimal string alignment), or it begins with the typed text. Of a name such as
 * `preset:vhs`, the part after the colon is compared too.
 */
export function nearestName(typed: string, known: Iterable<string>): string | undefined {
  const text = typed.toLowerCase();
  if (text === "" || text.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const whole = name.toLowerCase();
    for (const candidate of new Set([whole, whole.slice(whole.indexOf(":") + 1)])) {
      const bound = Math.max(1, Math.floor(Math.max(candidate.length, text.length) / 3));
      const isBeginning = text.length >= 3 && candidate.startsWith(text);
      const distance = isBeginning ? 0.5 : distanceOf(text, candidate);
      if (distance > bound || distance >= bestDistance) continue;
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Returns ". Did you mean `name`?" for the nearest known name, or an empty text. */
export function didYouMean(typed: string, known: Iterable<string>): string {
  const name = nearestName(typed, known);
  return name === undefined || name === typed ? "" : `. Did you mean \`${name}\`?`;
}

function distanceOf(a: string, b: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + change);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) least = Math.min(least, (beforeLast[j - 2] as number) + 1);
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] as number;
}
