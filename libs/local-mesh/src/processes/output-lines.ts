const maxLineLength = 64 * 1024;

/** Returns a function that takes the output of a process in chunks and passes on each whole line, without its line end. */
export function createLineReader(onLine: (line: string) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = "";
  return (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    // A process that writes no line ends must not fill our memory.
    rest = (lines.pop() ?? "").slice(-maxLineLength);
    for (const line of lines) onLine(line);
  };
}
