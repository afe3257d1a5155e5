import { AppError, expected } from "@pixelmesh/errors";

/** A part of a blob, in bytes. */
export type ByteRange = { readonly offsetBytes: number; readonly lengthBytes: number };

/**
 * Returns the served range of a blob of `sizeBytes`: a length of 0 or beyond the end means to the end; an offset at the end gives an
 * empty range. Throws INVALID_ARGUMENT for an offset past the end and for negative numbers.
 */
export function resolveRange(sizeBytes: number, offsetBytes: number, lengthBytes: number): ByteRange {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0) throw expected("length_bytes", "0 or more", lengthBytes);
  if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0) throw expected("offset_bytes", "0 or more", offsetBytes);
  if (offsetBytes > sizeBytes) {
    const { message, fields } = expected("offset_bytes", `at most the blob's ${sizeBytes} bytes`, offsetBytes);
    throw new AppError("INVALID_ARGUMENT", message, { fields, metadata: { size_bytes: String(sizeBytes) } });
  }
  const rest = sizeBytes - offsetBytes;
  return { offsetBytes, lengthBytes: lengthBytes === 0 ? rest : Math.min(lengthBytes, rest) };
}
