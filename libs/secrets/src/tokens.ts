import { createHash, timingSafeEqual } from "node:crypto";
import { ConfigError } from "@pixelmesh/config";
import { type CheckedFile, readChecked } from "./checked-file.ts";
import { watchFiles } from "./watch-files.ts";

/** The valid bearer tokens, from a file that may change. */
export type Tokens = {
  /** Whether a token is valid. The comparison takes constant time. */
  has(token: string): boolean;
  close(): void;
};

const leastLength = 16;

/**
 * Reads tokens from a file, one a line; empty lines and lines that begin with `#` are skipped. A changed file is read again within
 * seconds. If it is invalid, the previous tokens stay valid and `onReload` gets the failure. Throws ConfigError for a file without
 * tokens, and for a token of less than 16 characters; the error has its line, never the token.
 */
export function openTokens(
  file: CheckedFile,
  onReload: (failure: unknown | undefined) => void,
  pauseMs?: number,
): Tokens {
  let tokens = readTokens(file);
  const close = watchFiles(
    [file.path],
    () => {
      tokens = readTokens(file);
      onReload(undefined);
    },
    onReload,
    pauseMs,
  );
  return {
    has(token) {
      const given = hashOf(token);
      let found = false;
      // All tokens are compared, so that the time does not depend on which one matches.
      for (const hash of tokens) if (timingSafeEqual(hash, given)) found = true;
      return found;
    },
    close,
  };
}

/** Returns the SHA-256 of each token. */
function readTokens(file: CheckedFile): [Buffer, ...Buffer[]] {
  const lines = readChecked(file).toString("utf8").split("\n");
  const mistakes: string[] = [];
  const [first, ...others] = lines.flatMap((line, at) => {
    const token = line.trim();
    if (token === "" || token.startsWith("#")) return [];
    if (token.length < leastLength || /\s/.test(token)) {
      const form = `tokens of at least ${leastLength} characters, one a line`;
      mistakes.push(`Expected ${file.name} to hold ${form}, got another in line ${at + 1} of \`${file.path}\``);
    }
    return [hashOf(token)];
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  if (first) return [first, ...others];
  throw new ConfigError([`Expected ${file.name} to hold a token, got none in \`${file.path}\``]);
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
