import { basename, extname } from "node:path";

/**
 * Returns the stem of the output names of each picture: its file name without extension. Appends `-2`, `-3`… where another picture
 * already has that stem or `isBlocked` returns that it would name an input. Case is ignored, as some file systems do.
 */
export function chooseStems(pictures: readonly string[], isBlocked: (stem: string) => boolean): string[] {
  const taken = new Set<string>();
  return pictures.map((picture) => {
    const name = basename(picture);
    const own = basename(name, extname(name)) || "picture";
    let stem = own;
    for (let n = 2; taken.has(stem.toLowerCase()) || isBlocked(stem); n += 1) stem = `${own}-${n}`;
    taken.add(stem.toLowerCase());
    return stem;
  });
}

/** Returns the file name extension of a format: `jpg` for jpeg, otherwise its name. */
export function toExtension(format: string): string {
  return format === "jpeg" ? "jpg" : format;
}

/** Returns `<stem>.<output>.<ext>`. */
export function toFileName(stem: string, output: string, format: string): string {
  return `${stem}.${output}.${toExtension(format)}`;
}
