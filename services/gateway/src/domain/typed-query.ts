import { AppError } from "@pixelmesh/errors";
import { UsageError } from "@pixelmesh/flag-values";

/** Names in the query that differ from the command line's flag. */
const names: Readonly<Record<string, string>> = { upscale: "scale" };

/** Returns the name in the query that stands for a flag: `scale` for `--upscale`, `max_side` for `--max-side`. */
export function toQueryName(flag: string): string {
  const name = flag.replace(/^--/, "");
  return names[name] ?? name.replaceAll("-", "_");
}

/** Rewrites a text about flags of the command line to the names of the query. */
export function toQueryText(text: string): string {
  return text.replace(/--([a-z]+(?:-[a-z]+)*)/g, (_, name: string) => toQueryName(name));
}

/** Runs `parse`, which throws UsageError as the parsers of flags do. Throws INVALID_ARGUMENT with the name in the query. */
export function inQuery<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const description = toQueryText(error.message);
    const field = /^Expected `([\w:. ]+)/.exec(description)?.[1];
    throw new AppError(
      "INVALID_ARGUMENT",
      description,
      field === undefined ? {} : { fields: [{ field, description }] },
    );
  }
}
