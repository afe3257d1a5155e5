import type { ClientRetries, RetryRules } from "./reason-row.ts";
import { reasons } from "./reason-rules.ts";
import { reasonTable } from "./reasons.ts";

const clientText: Readonly<Record<ClientRetries, string>> = {
  always: "yes",
  after_retry_info: "if RetryInfo is given",
  never: "no",
};

/** Returns the table of all reasons as Markdown, for docs/reference/errors.md. Ends with a newline. */
export function describeReasons(): string {
  const rows = reasons.map((reason) => {
    const { status, retry, help } = reasonTable[reason];
    return toRow([`\`${reason}\``, `\`${status}\``, clientText[retry.clientRetries], ...toFlags(retry), help]);
  });
  const titles = [
    "reason",
    "gRPC status",
    "retried by the client",
    "retryable",
    "deterministic",
    "requeued before the start",
    "meaning and what to do",
  ];
  return [toRow(titles), toRow(titles.map(() => "---")), ...rows, ""].join("\n");
}

function toFlags({ retryable, deterministic, requeueBeforeStart }: RetryRules): string[] {
  return [retryable, deterministic, requeueBeforeStart].map((flag) => (flag ? "yes" : "no"));
}

function toRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
