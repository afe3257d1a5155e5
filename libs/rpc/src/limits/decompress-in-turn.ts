import type { ServerInterceptor } from "@grpc/grpc-js";

type InnermostCall = Parameters<ServerInterceptor>[1];
/** Private parts of grpc-js's innermost call. */
type Internals = {
  readonly incomingEncoding: string;
  decompressMessage: (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;
};

/**
 * Decompresses a request of this innermost call only once it is to be read. grpc-js alone decompresses all messages of a DATA frame at once: 16 KiB of
 * them become 16 MiB, which no budget has been charged with.
 */
export function decompressInTurn(call: InnermostCall): void {
  const internals = call as unknown as Internals;
  if (internals.incomingEncoding === "identity") return;
  const startRead = call.startRead.bind(call);
  const decompress = internals.decompressMessage.bind(call);
  const waiting: { readonly index: number; readonly proceed: () => void }[] = [];
  let reads = 0;
  let messages = 0;
  call.startRead = () => {
    reads += 1;
    while (waiting[0] !== undefined && waiting[0].index <= reads) waiting.shift()?.proceed();
    startRead();
  };
  internals.decompressMessage = async (message, encoding) => {
    messages += 1;
    const index = messages;
    if (index > reads && encoding !== "identity")
      await new Promise<void>((proceed) => {
        waiting.push({ index, proceed });
      });
    return await decompress(message, encoding);
  };
}
