import type { Stats } from "node:fs";

/** Facts that tell one state of a file from another; writing to a file changes it, also where its modification time is put back. */
export type FileIdentity = Pick<Stats, "ino" | "size" | "mtimeMs" | "ctimeMs">;

/** Remembers which files were lately found to have their digest, so that not each use of a blob reads it whole. */
export type VerifiedMemo = {
  /** Whether the file was found right and has not changed since. */
  has(sha256: string, file: FileIdentity): boolean;
  add(sha256: string, file: FileIdentity): void;
  /** The store itself has changed the file's times: what was known of it before holds after. */
  move(sha256: string, before: FileIdentity, after: FileIdentity): void;
  forget(sha256: string): void;
};

/** How many digests are remembered; the oldest goes first. */
const maxDigests = 16_384;

type Finding = { readonly file: string; readonly atMs: number };

const toText = ({ ino, size, mtimeMs, ctimeMs }: FileIdentity) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`;

/** Makes a memory that trusts a finding for `trustMs`: bits that rot change none of a file's times. */
export function createVerifiedMemo(trustMs: number, monotonicMs: () => number): VerifiedMemo {
  const findings = new Map<string, Finding>();
  function set(sha256: string, finding: Finding): void {
    findings.delete(sha256);
    findings.set(sha256, finding);
    const oldest = findings.keys().next().value;
    if (findings.size > maxDigests && oldest !== undefined) findings.delete(oldest);
  }
  const find = (sha256: string, file: FileIdentity) => {
    const finding = findings.get(sha256);
    const holds = finding !== undefined && finding.file === toText(file) && monotonicMs() - finding.atMs <= trustMs;
    return holds ? finding : undefined;
  };
  return {
    has: (sha256, file) => find(sha256, file) !== undefined,
    add: (sha256, file) => set(sha256, { file: toText(file), atMs: monotonicMs() }),
    move(sha256, before, after) {
      const finding = find(sha256, before);
      if (finding) set(sha256, { ...finding, file: toText(after) });
    },
    forget(sha256) {
      findings.delete(sha256);
    },
  };
}
