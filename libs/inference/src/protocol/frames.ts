import type { OnReadOpts, Socket } from "node:net";

/** One frame: a small JSON header and raw bytes. On the wire: u32 header length, u32 payload length (LE), both parts. */
export type WireFrame = { readonly header: unknown; readonly payload: Uint8Array };

/** Callbacks of a frame reader. */
export type FrameReaderOptions = {
  readonly onFrame: (frame: WireFrame) => void;
  /** Called with the size of each chunk, before `onFrame`. */
  readonly onBytes?: (count: number) => void;
  /** Memory for the payload after a header, used if it has exactly that length. Default: new memory. */
  readonly findBuffer?: (header: unknown, length: number) => Uint8Array | undefined;
};

/** The `onread` option of a socket. */
export type FrameReader = { readonly buffer: () => Uint8Array; readonly callback: OnReadOpts["callback"] };

const prefixBytes = 8;
const maxHeaderBytes = 64 * 1024;
const maxPayloadBytes = 1 << 30;
const noBytes = new Uint8Array(0);

/** Writes one frame. Resolves when its bytes have left this process; rejects if the socket fails. */
export function writeFrame(socket: Socket, header: unknown, payload: Uint8Array = noBytes): Promise<void> {
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.allocUnsafe(prefixBytes);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(payload.length, 4);
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    socket.cork();
    socket.write(head);
    if (payload.length === 0) {
      socket.write(text, done);
    } else {
      socket.write(text);
      socket.write(payload, done);
    }
    socket.uncork();
  });
}

/**
 * Reads frames without intermediate chunks: the kernel copies each payload directly into its buffer, which leaves nothing for
 * the garbage collector. `callback` throws RangeError for a frame above 64 KiB of header or 1 GiB of payload.
 */
export function createFrameReader({ onFrame, onBytes, findBuffer }: FrameReaderOptions): FrameReader {
  const prefix = Buffer.alloc(prefixBytes);
  let part: "prefix" | "header" | "payload" = "prefix";
  let target: Uint8Array = prefix;
  let filled = 0;
  let header: unknown;

  const begin = (next: typeof part, buffer: Uint8Array) => {
    part = next;
    target = buffer;
    filled = 0;
  };
  const emit = (payload: Uint8Array) => {
    begin("prefix", prefix);
    onFrame({ header, payload });
  };
  const complete = () => {
    const payloadLength = prefix.readUInt32LE(4);
    if (part === "prefix") {
      const headerLength = prefix.readUInt32LE(0);
      if (headerLength > maxHeaderBytes || payloadLength > maxPayloadBytes) {
        throw new RangeError(`frame of ${headerLength} + ${payloadLength} bytes`);
      }
      begin("header", Buffer.allocUnsafeSlow(headerLength));
    } else if (part === "header") {
      header = JSON.parse(Buffer.from(target.buffer, target.byteOffset, target.length).toString("utf8"));
      if (payloadLength === 0) return emit(noBytes);
      const buffer = findBuffer?.(header, payloadLength);
      begin("payload", buffer?.length === payloadLength ? buffer : Buffer.allocUnsafeSlow(payloadLength));
    } else {
      emit(target);
    }
  };

  return {
    buffer: () => target.subarray(filled),
    callback(count) {
      filled += count;
      onBytes?.(count);
      if (filled === target.length) complete();
      return true;
    },
  };
}
