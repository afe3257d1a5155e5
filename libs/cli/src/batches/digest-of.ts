import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Returns the sha256 of a file in hex. Throws errors of the file system. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
