/** The text of a log line of level error or above: its message, and its reason or that of its error. Undefined for other lines. */
export function toErrorText(line: string): string | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, msg, err, why } = JSON.parse(line) as Partial<Record<"level" | "msg" | "why", unknown>> & {
      err?: { message?: unknown };
    };
    if (level !== "error" && level !== "fatal") return undefined;
    return [msg, why ?? err?.message].filter((part) => typeof part === "string" && part !== "").join(": ");
  } catch {
    return undefined;
  }
}
