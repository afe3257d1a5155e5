import { readFile } from "node:fs/promises";
import { providerFailure } from "./provider-failure.ts";

/** The credentials of a provider. */
export type TokenFile = {
  /** Returns the token, read anew; undefined for a provider without one. Throws PROVIDER_FAILED with the file's name, never with its content. */
  read(): Promise<string | undefined>;
};

const maxBytes = 64 * 1024;

/**
 * Opens the token file of a provider: one line with the token; empty lines and lines that begin with `#` are skipped. It is read for each call, so a replaced file
 * is in use at once.
 */
export function openTokenFile(provider: string, path: string | undefined): TokenFile {
  const fail = (text: string) => providerFailure("PROVIDER_FAILED", provider, text, { notCreated: true });
  return {
    async read() {
      if (path === undefined) return undefined;
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        throw fail(
          `has no credentials: the file \`${path}\` of its \`tokenFile\` cannot be read (${error.code ?? "unreadable"})`,
        );
      });
      const lines = bytes
        .subarray(0, maxBytes)
        .toString("utf8")
        .split("\n")
        .map((line) => line.trim());
      const tokens = lines.filter((line) => line !== "" && !line.startsWith("#"));
      const [token] = tokens;
      if (tokens.length !== 1 || token === undefined || !/^[\x21-\x7e]{1,4096}$/.test(token))
        throw fail(
          `has no credentials: its \`tokenFile\` \`${path}\` must hold one line with the token, and it has ${describe(tokens)}`,
        );
      return token;
    },
  };
}

function describe(tokens: readonly string[]): string {
  if (tokens.length === 0) return "none";
  return tokens.length === 1 ? "one with spaces or other characters that no token has" : `${tokens.length} lines`;
}
