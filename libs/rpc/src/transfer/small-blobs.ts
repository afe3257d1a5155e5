/**
 * Largest blob, in bytes, that travels in one message: the bound of `PutSmallBlob` and `GetSmallBlob`. Up to here a call in one message saves a
 * quarter of the processor time of a read by stream; a larger bound would raise the memory that each such call is charged (ADR 0080).
 */
export const maxSmallBlobBytes = 64 * 1024;
