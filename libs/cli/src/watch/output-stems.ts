import { basename, extname } from "node:path";
import type { Origin } from "../run/finished.ts";

/** The beginnings of the names of outputs, one for each picture of a watched folder. */
export type OutputStems = {
  /** Returns the beginning of the names of a picture's outputs: always the same for the same path. */
  of(source: string): string;
};

/** Stems that are remembered, the latest ones: as many as the list of finished pictures has. */
const maxStems = 200_000;

/**
 * Creates the stems of a watched folder: the file's name without its ending. Appends `-2`, `-3`… where another picture has that stem, or `isBlocked` returns that it
 * would name an input. `origins` are the stems of earlier commands, which keep their pictures. Case is ignored, as some file systems do.
 */
export function createOutputStems(origins: Iterable<Origin>, isBlocked: (stem: string) => boolean): OutputStems {
  const bySource = new Map<string, string>();
  const taken = new Set<string>();
  const keep = (source: string, stem: string) => {
    bySource.set(source, stem);
    taken.add(stem.toLowerCase());
    if (bySource.size > maxStems) forgetOldest();
    return stem;
  };
  function forgetOldest(): void {
    const [[source, stem] = ["", ""]] = bySource;
    bySource.delete(source);
    taken.delete(stem.toLowerCase());
  }
  for (const { source, stem } of origins) keep(source, stem);
  return {
    of(source) {
      const known = bySource.get(source);
      if (known !== undefined) return known;
      const name = basename(source);
      const own = basename(name, extname(name)) || "picture";
      let stem = own;
      for (let n = 2; taken.has(stem.toLowerCase()) || isBlocked(stem); n += 1) stem = `${own}-${n}`;
      return keep(source, stem);
    },
  };
}
