import { type Failure, firstQuoted, type HintSource, toNameHint } from "@pixelmesh/flag-values";

/** Adds advice for a caller at a command line to the text of a failure. */
export function withHint(failure: HintSource): Failure {
  const { reason, message } = failure;
  return { reason, message: `${message}${toHint(failure)}` };
}

function toHint(failure: HintSource): string {
  const { reason, message, metadata = {} } = failure;
  switch (reason) {
    case "UNAUTHENTICATED":
      return ". Set PIXELMESH_API_TOKEN to a token of this mesh";
    case "BATCH_NOT_FOUND":
      return ". `pixelmesh batches list` shows those of the tenant";
    case "MODEL_UNAVAILABLE":
      return toPullHint(message, metadata.model);
    default:
      return toNameHint(failure);
  }
}

function toPullHint(message: string, model = firstQuoted(message)): string {
  // `models pull` also fails with this reason, and its text already gives advice.
  if (model === "" || /models pull|--from/.test(message)) return "";
  return `. Bring it here with \`pixelmesh models pull ${model}\`, or see \`pixelmesh models list\``;
}
