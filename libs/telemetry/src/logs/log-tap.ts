import type { DestinationStream } from "pino";

let tap: ((line: string) => void) | undefined;

/** Sets the function that receives every log line of this process, after it was written. `undefined` removes it. It must not throw. */
export function setLogTap(next: typeof tap): void {
  tap = next;
}

/** Returns a destination that writes to `destination`, then passes the line to the tap. */
export function withTap(destination: DestinationStream): DestinationStream {
  return {
    write(line) {
      destination.write(line);
      tap?.(line);
    },
  };
}
