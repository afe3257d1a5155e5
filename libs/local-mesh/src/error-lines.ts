/** Takes a process's output as it comes and gives the text of each JSON line that is logged at level error or above. */
export function createErrorLines(onError: (text: string) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = "";
  return (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    // A process that writes no line ends must not fill our memory.
    rest = (lines.pop() ?? "").slice(-maxLineLength);
    for (const line of lines) {
      const text = toErrorText(line);
      if (text !== undefined) onError(text);
    }
  };
}

const maxLineLength = 64 * 1024;

/** What one line of a log says, if it is an error: its message and why, or that of the error it carries. */
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
