import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";

/** End of a raw call: its gRPC status, the reason in its details, or the code of a reset. */
export type RawEnd = { readonly status: number; readonly reason: string | undefined; readonly resetCode: number };

/** A plain HTTP/2 connection, so that a test controls every byte and every window. */
export type RawConnection = {
  /** Opens a call. Its response is not read before `read` is called. */
  call(path: string): RawCall;
  close(): void;
};

/** A call whose bytes a test writes. */
export type RawCall = {
  readonly stream: ClientHttp2Stream;
  /** Writes bytes as the server accepts them. Resolves with false when the call has ended. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Reads the response to its end. */
  read(): Promise<RawEnd>;
};

/** Connects to `host:port`. */
export async function connectRaw(address: string): Promise<RawConnection> {
  const session: ClientHttp2Session = connect(`http://${address}`);
  session.on("error", () => {});
  await new Promise((resolve, reject) => session.once("connect", resolve).once("error", reject));
  return {
    close: () => session.destroy(),
    call(path) {
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      const heads: Record<string, unknown>[] = [];
      let resetCode = 0;
      stream.on("response", (head) => heads.push(head));
      stream.on("trailers", (head) => heads.push(head));
      stream.on("error", () => {});
      const closed = new Promise<void>((resolve) =>
        stream.once("close", () => {
          resetCode = stream.rstCode ?? 0;
          resolve();
        }),
      );
      /** A server that refuses responds while the request is still being sent. */
      const headed = new Promise<void>((resolve) => {
        const onHead = (head: Record<string, unknown>) => "grpc-status" in head && resolve();
        stream.on("response", onHead).on("trailers", onHead);
      });
      let onDrain = () => {};
      stream.on("drain", () => onDrain());
      const drained = () =>
        new Promise<void>((resolve) => {
          onDrain = resolve;
        });
      const ended = () => heads.some((head) => "grpc-status" in head) || stream.closed || stream.destroyed;
      return {
        stream,
        async write(bytes) {
          if (!ended() && !stream.write(bytes)) await Promise.race([drained(), closed, headed]);
          if (!ended()) return true;
          stream.end();
          return false;
        },
        async read() {
          stream.resume();
          await closed;
          const end = heads.find((head) => "grpc-status" in head) ?? {};
          const details = Buffer.from(String(end["grpc-status-details-bin"] ?? ""), "base64").toString("latin1");
          const reason = /[A-Z]+(_[A-Z]+)+|INTERNAL/.exec(details)?.[0];
          return { status: Number(end["grpc-status"] ?? -1), reason, resetCode };
        },
      };
    },
  };
}

/** Frames a message for gRPC: no compression, length, bytes. */
export function frameOf(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** HTTP/2's error code of a stream that is reset because its peer does not read. */
export const enhanceYourCalm = constants.NGHTTP2_ENHANCE_YOUR_CALM;
