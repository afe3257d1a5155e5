/** A trace's id: 16 random bytes in hex. Ids tell apart and keep no secret: they need no cryptographic generator. */
export const createTraceId = (): string => hexOf4Bytes() + hexOf4Bytes() + hexOf4Bytes() + hexOf4Bytes();

/** A span's id: 8 random bytes in hex. */
export const createSpanId = (): string => hexOf4Bytes() + hexOf4Bytes();

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** By a table: numbers write themselves in hex several times slower. */
function hexOf4Bytes(): string {
  const bytes = Math.floor(Math.random() * 2 ** 32);
  const at = (shift: number) => hexOfByte[(bytes >>> shift) & 0xff] as string;
  return at(24) + at(16) + at(8) + at(0);
}
