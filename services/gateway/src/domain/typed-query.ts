import { AppError } from "@pixelmesh/errors";
import { UsageError } from "@pixelmesh/flag-values";

/** Names in a query that differ from the command line's flag, by the flag without its dashes. */
export type QueryNames = Readonly<Record<string, string>>;

const everywhere: QueryNames = { upscale: "scale" };

/** Returns the name in the query that stands for a flag: `scale` for `--upscale`, `max_side` for `--max-side`. `own` are further ones of the route. */
export function toQueryName(flag: string, own: QueryNames = {}): string {
  const name = flag.replace(/^--/, "");
  const known = { ...everywhere, ...own };
  return (Object.hasOwn(known, name) ? known[name] : undefined) ?? name.replaceAll("-", "_");
}

/** Rewrites a text about flags of the command line to the names of the query. */
export function toQueryText(text: string, own: QueryNames = {}): string {
  return text.replace(/--([a-z]+(?:-[a-z]+)*)/g, (_, name: string) => toQueryName(name, own));
}

/** Runs `parse`, which throws UsageError as the parsers of flags do. Throws INVALID_ARGUMENT with the name in the query. */
export function inQuery<T>(parse: () => T, own: QueryNames = {}): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const description = toQueryText(error.message, own);
    const field = /^Expected `([\w:. ]+)/.exec(description)?.[1];
    throw new AppError(
      "INVALID_ARGUMENT",
      description,
      field === undefined ? {} : { fields: [{ field, description }] },
    );
  }
}
