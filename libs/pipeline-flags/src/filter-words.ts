import { type Reason, reasons } from "@pixelmesh/errors";
import { didYouMean, wrongFlag } from "@pixelmesh/flag-values";
import { operationNames } from "@pixelmesh/pipeline";

/** Parses the name of a reason, in lower or upper case, with `-` or `_`. Throws UsageError with the nearest one. */
export function parseReason(flag: string, word: string): Reason {
  const name = word.toUpperCase().replaceAll("-", "_");
  const known = reasons.find((reason) => reason === name);
  if (known === undefined) throw wrongFlag(flag, "a reason such as DEADLINE_EXCEEDED", word, didYouMean(name, reasons));
  return known;
}

/** Parses the name of an operation, in lower or upper case, with `-` or `_`. Throws UsageError with the nearest one. */
export function parseOperation(flag: string, word: string): string {
  const name = word.toLowerCase().replaceAll("-", "_");
  if (!operationNames.includes(name))
    throw wrongFlag(flag, `one of ${operationNames.join(", ")}`, word, didYouMean(name, operationNames));
  return name;
}
