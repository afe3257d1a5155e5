import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptor } from "@grpc/grpc-js";
import type { ByteBudget } from "./byte-budget.ts";
import { createMessageDecoder, type MessageDecoder } from "./message-decoder.ts";
import { isEndless } from "./middleware/endless.ts";

type InnermostCall = Parameters<ServerInterceptor>[1];
/** The private parts of grpc-js's innermost call that are needed here. */
type Internals = { readonly stream: ServerHttp2Stream; decoder: MessageDecoder };

/**
 * Bounds what this innermost call receives: unfinished messages are charged to `uploads`, and messages are counted, unless the method
 * is endless.
 */
export function boundReceiving(
  call: InnermostCall,
  path: string,
  { uploads, maxMessageBytes }: { readonly uploads: ByteBudget; readonly maxMessageBytes: number },
): void {
  const internals = call as unknown as Internals;
  const share = uploads.open();
  internals.decoder = createMessageDecoder({ maxMessageBytes, share, isCounted: !isEndless(path) });
  internals.stream.once("close", share.release);
}
