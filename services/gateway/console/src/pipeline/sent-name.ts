/** Names that have a meaning of their own: the source of a job, and files of a form. */
const reserved: ReadonlySet<string> = new Set(["source", "picture", "background", "pipeline"]);
const maxLength = 24;

/**
 * Returns the name under which the picture of a file is sent: the beginning of the file's name in lower case, of a-z, 0-9 and `-`, with a number where another
 * picture has it.
 */
export function toSentName(fileName: string, taken: readonly string[]): string {
  const stem = fileName.replace(/\.[^.]*$/, "").toLowerCase();
  const plain = stem.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const base = plain.slice(0, maxLength).replace(/-+$/, "") || "extra";
  const isFree = (name: string) => !taken.includes(name) && !reserved.has(name);
  let name = base;
  for (let number = 2; !isFree(name); number += 1) name = `${base}-${number}`;
  return name;
}
