import { createHash, timingSafeEqual } from "node:crypto";
import { ConfigError } from "@pixelmesh/config";
import { type CheckedFile, readChecked } from "./checked-file.ts";
import { watchFiles } from "./watch-files.ts";

/** Tokens that calls may carry, from a file that may change. */
export type Tokens = {
  /** Whether it is one of them; takes equally long for whatever it is compared with. */
  has(token: string): boolean;
  close(): void;
};

const leastLength = 16;

/**
 * Tokens of a file, one a line; empty lines and those that begin with `#` are none. A changed file counts within seconds; where it is
 * wrong, the tokens known before stay, and `onReload` is told why. Throws ConfigError where there is none, or one shorter than
 * 16 characters: the error says its line, never itself.
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
      // Every one is compared: when it stops must not tell which was nearly right.
      for (const hash of tokens) if (timingSafeEqual(hash, given)) found = true;
      return found;
    },
    close,
  };
}

/** The SHA-256 of each token. */
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
