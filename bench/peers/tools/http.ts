/** Fetches an answer whole and returns its number of bytes. Throws unless it is a 200 of some length. */
export async function fetchBytes(url: string, signal: AbortSignal, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, { ...init, signal });
  const bytes = await response.arrayBuffer();
  if (response.status !== 200 || bytes.byteLength === 0)
    throw new Error(
      `Expected a picture from ${url}, got ${response.status}: ${Buffer.from(bytes).toString().slice(0, 200)}`,
    );
  return bytes.byteLength;
}
