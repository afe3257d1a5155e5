import { basename, extname } from "node:path";

/**
 * The part of the output names that stands for each picture: its file name without extension, and with `-2`, `-3`… where
 * another picture has that already (upper and lower case count as one: some disks see no difference) or `isBlocked` says
 * that it would name an input.
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

/** The file name extension of a format's lower-case name: `jpg` for jpeg, else the name. */
export function toExtension(format: string): string {
  return format === "jpeg" ? "jpg" : format;
}

/** `<stem>.<output>.<ext>` */
export function toFileName(stem: string, output: string, format: string): string {
  return `${stem}.${output}.${toExtension(format)}`;
}
