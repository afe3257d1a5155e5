import type { ByteShare } from "./byte-budget.ts";

/** Number of messages of a stream without a minimum size. Each further message needs 1 KiB received. */
const freeMessages = 4_096;
const bytesPerMessage = 1_024;
const prefixBytes = 5;
const firstBytes = 64 * 1024;
const noBytes = Buffer.alloc(0);

/** Text of the error for a stream with too many small messages. `explainRefusals` recognises it. */
export const tooManyMessages = `Received more than ${freeMessages} messages of less than ${bytesPerMessage} bytes on average`;

/** Cuts the bytes of a stream into gRPC messages, each with its prefix of five bytes. */
export type MessageDecoder = { write(data: Buffer): Buffer[] };

/** Options of a decoder. */
export type MessageDecoderOptions = {
  readonly maxMessageBytes: number;
  /** Charged with the bytes of an unfinished message. */
  readonly share: ByteShare;
  /** Whether the number of messages is limited by their bytes. */
  readonly isCounted: boolean;
};

/**
 * Creates a decoder that replaces grpc-js's own, which keeps an object for every frame of an unfinished message and counts neither
 * messages nor unfinished bytes. `write` throws for a message above the limit and for too many small messages, and QUEUE_FULL if the
 * share cannot grow.
 */
export function createMessageDecoder({ maxMessageBytes, share, isCounted }: MessageDecoderOptions): MessageDecoder {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  let prefixLength = 0;
  /** The received part of the unfinished message, with its prefix. */
  let memory: Buffer = noBytes;
  let length = 0;
  let messages = 0;
  let bytes = 0;

  const sizeOf = (of: Buffer) => {
    const size = of.readUInt32BE(1);
    if (size > maxMessageBytes) throw new Error(`Received message larger than max (${size} vs ${maxMessageBytes})`);
    return size + prefixBytes;
  };
  function append(part: Buffer, wholeBytes: number): void {
    if (length + part.length > memory.length) {
      const capacity = Math.min(wholeBytes, Math.max(length + part.length, 2 * memory.length, firstBytes));
      share.grow(capacity);
      const larger = Buffer.allocUnsafeSlow(capacity);
      memory.copy(larger, 0, 0, length);
      share.shrink(memory.length);
      memory = larger;
    }
    part.copy(memory, length);
    length += part.length;
  }
  function take(): Buffer {
    const whole = memory.subarray(0, length);
    share.shrink(memory.length);
    memory = noBytes;
    length = 0;
    prefixLength = 0;
    return whole;
  }

  return {
    write(data) {
      const found: Buffer[] = [];
      bytes += data.length;
      for (let at = 0; at < data.length; ) {
        if (prefixLength === 0 && data.length - at >= prefixBytes) {
          const end = at + sizeOf(data.subarray(at, at + prefixBytes));
          if (end <= data.length) {
            found.push(data.subarray(at, end));
            at = end;
            continue;
          }
        }
        if (prefixLength < prefixBytes) {
          const taken = data.copy(prefix, prefixLength, at, Math.min(data.length, at + prefixBytes - prefixLength));
          prefixLength += taken;
          at += taken;
          if (prefixLength < prefixBytes) break;
          append(prefix, sizeOf(prefix));
        }
        const wholeBytes = sizeOf(prefix);
        const part = data.subarray(at, at + wholeBytes - length);
        append(part, wholeBytes);
        at += part.length;
        if (length === wholeBytes) found.push(take());
      }
      messages += found.length;
      if (isCounted && messages > freeMessages + bytes / bytesPerMessage) throw new Error(tooManyMessages);
      return found;
    },
  };
}
