/** Reads the bytes of a file that a provider's list names in place of a picture that was sent. Undefined where it cannot be read. */
export type ReadSentFile = (address: string, maxBytes: number, signal: AbortSignal) => Promise<Uint8Array | undefined>;

/**
 * Whether a listed input is the one that was sent. Members must be equal; in place of a picture that was sent as a data URI the list may have the address of a
 * file with the same bytes.
 */
export async function isSameInput(
  sent: unknown,
  listed: unknown,
  readSentFile: ReadSentFile,
  signal: AbortSignal,
): Promise<boolean> {
  const files: { readonly dataUri: string; readonly address: string }[] = [];
  if (!matches(sent, listed, files)) return false;
  for (const { dataUri, address } of files) {
    const expected = Buffer.from(dataUri.slice(dataUri.indexOf(",") + 1), "base64");
    const bytes = await readSentFile(address, expected.length, signal);
    if (bytes === undefined || !expected.equals(bytes)) return false;
  }
  return true;
}

function matches(sent: unknown, listed: unknown, files: { dataUri: string; address: string }[]): boolean {
  if (typeof sent === "string") {
    if (sent === listed) return true;
    if (!sent.startsWith("data:") || typeof listed !== "string" || !/^https?:\/\//.test(listed)) return false;
    files.push({ dataUri: sent, address: listed });
    return true;
  }
  if (typeof sent !== "object" || sent === null) return Object.is(sent, listed);
  if (typeof listed !== "object" || listed === null || Array.isArray(sent) !== Array.isArray(listed)) return false;
  const keys = Object.keys(sent);
  if (keys.length !== Object.keys(listed).length) return false;
  const [a, b] = [sent, listed] as [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];
  return keys.every((key) => Object.hasOwn(b, key) && matches(a[key], b[key], files));
}
