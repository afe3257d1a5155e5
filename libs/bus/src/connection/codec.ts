import { AppError } from "@pixelmesh/errors";

/** The part of a generated message type that the bus needs. */
export type Codec<T> = {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
};

/** Decodes a message. Throws MALFORMED_MESSAGE, whose text names `what`. */
export function parseMessage<T>(codec: Codec<T>, bytes: Uint8Array, what: string): T {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw new AppError("MALFORMED_MESSAGE", `The bytes of ${what} cannot be decoded`, { cause });
  }
}
