import type { ChildProcess } from "node:child_process";

/** The log of a broker process. */
export type BrokerLog = {
  /** Returns its last 4,000 characters. */
  text(): string;
  /** Returns its size in bytes. */
  size(): number;
  /** Returns the address for clients, once the broker is ready. */
  url(): string | undefined;
  lastLine(): string;
};

/** Follows the standard error of a broker process. */
export function followBrokerLog(child: ChildProcess): BrokerLog {
  let text = "";
  let size = 0;
  let url: string | undefined;
  child.on("error", (error) => (text += error.message));
  child.stderr?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    text = (text + chunk.toString()).slice(-4_000);
    // The ports file may be missing, for example on a full disk. This line names the address too.
    const address = /Listening for client connections on (\S+:\d+)\s*\n[\s\S]*Server is ready/.exec(text)?.[1];
    if (address) url ??= `nats://${address}`;
  });
  return {
    text: () => text,
    size: () => size,
    url: () => url,
    lastLine: () => text.trim().split("\n").at(-1) ?? "",
  };
}
