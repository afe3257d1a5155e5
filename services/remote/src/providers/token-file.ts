import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { providerFailure } from "./provider-failure.ts";

/** The credentials of a provider. */
export type TokenFile = {
  /**
   * Returns the token, read anew; undefined for a provider without one. Throws PROVIDER_NOT_CONFIGURED with the file's name, never with its content: the mesh is at
   * fault, not the provider.
   */
  read(): Promise<string | undefined>;
};

const maxBytes = 64 * 1024;
const { O_RDONLY, O_NONBLOCK } = constants;

/**
 * Opens the token file of a provider: one line with the token; empty lines and lines that begin with `#` are skipped. It is read for each call, so a replaced file
 * is in use at once.
 */
export function openTokenFile(provider: string, path: string | undefined): TokenFile {
  const fail = (text: string) =>
    providerFailure("PROVIDER_NOT_CONFIGURED", provider, `has no credentials: ${text}`, { notCreated: true });
  return {
    async read() {
      if (path === undefined) return undefined;
      const bytes = await readBounded(path).catch((error: NodeJS.ErrnoException) => {
        throw fail(`the file \`${path}\` of its \`tokenFile\` cannot be read (${error.code ?? "unreadable"})`);
      });
      if (bytes === "other" || bytes.length > maxBytes)
        throw fail(`its \`tokenFile\` \`${path}\` must be a file of at most ${maxBytes} bytes`);
      const lines = bytes
        .toString("utf8")
        .split("\n")
        .map((line) => line.trim());
      const tokens = lines.filter((line) => line !== "" && !line.startsWith("#"));
      const [token] = tokens;
      if (tokens.length !== 1 || token === undefined || !/^[\x21-\x7e]{1,4096}$/.test(token))
        throw fail(`its \`tokenFile\` \`${path}\` must hold one line with the token, and it has ${describe(tokens)}`);
      return token;
    },
  };
}

/** Reads a file up to one byte above the limit; "other" for a pipe, device or folder, whose end may never come. */
async function readBounded(path: string): Promise<Buffer | "other"> {
  let file: FileHandle | undefined;
  try {
    // A pipe without a writer would block.
    file = await open(path, O_RDONLY | O_NONBLOCK);
    if (!(await file.stat()).isFile()) return "other";
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } finally {
    await file?.close();
  }
}

function describe(tokens: readonly string[]): string {
  if (tokens.length === 0) return "none";
  return tokens.length === 1 ? "one with spaces or other characters that no token has" : `${tokens.length} lines`;
}
