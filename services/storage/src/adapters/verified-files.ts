import type { Stats } from "node:fs";

/** Identifies one state of a file. A write changes it, even if the modification time is set back. */
export type FileIdentity = Pick<Stats, "ino" | "size" | "mtimeMs" | "ctimeMs">;

/** Remembers recently verified files, so that not each use of a blob reads all its bytes. */
export type VerifiedFiles = {
  /** Returns whether the file was verified recently and has not changed since. */
  has(sha256: string, file: FileIdentity): boolean;
  add(sha256: string, file: FileIdentity): void;
  /** Keeps a verification when the store itself changes the times of the file. */
  move(sha256: string, before: FileIdentity, after: FileIdentity): void;
  forget(sha256: string): void;
};

/** How many digests are remembered; the oldest is removed first. */
const maxDigests = 16_384;

type Verification = { readonly file: string; readonly atMs: number };

const toText = ({ ino, size, mtimeMs, ctimeMs }: FileIdentity) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`;

/** Creates an empty memory. A verification is trusted for `trustMs`, because decay of bits changes no time of a file. */
export function createVerifiedFiles(trustMs: number, monotonicMs: () => number): VerifiedFiles {
  const verifications = new Map<string, Verification>();
  function set(sha256: string, verification: Verification): void {
    verifications.delete(sha256);
    verifications.set(sha256, verification);
    const oldest = verifications.keys().next().value;
    if (verifications.size > maxDigests && oldest !== undefined) verifications.delete(oldest);
  }
  const find = (sha256: string, file: FileIdentity) => {
    const found = verifications.get(sha256);
    const isValid = found !== undefined && found.file === toText(file) && monotonicMs() - found.atMs <= trustMs;
    return isValid ? found : undefined;
  };
  return {
    has: (sha256, file) => find(sha256, file) !== undefined,
    add: (sha256, file) => set(sha256, { file: toText(file), atMs: monotonicMs() }),
    move(sha256, before, after) {
      const found = find(sha256, before);
      if (found) set(sha256, { ...found, file: toText(after) });
    },
    forget(sha256) {
      verifications.delete(sha256);
    },
  };
}
