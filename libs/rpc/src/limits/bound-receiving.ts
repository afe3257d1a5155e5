import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptor } from "@grpc/grpc-js";
import { isLongLived } from "../calls/method-kinds.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { createMessageDecoder, type MessageDecoder } from "./message-decoder.ts";

type InnermostCall = Parameters<ServerInterceptor>[1];
/** Private parts of grpc-js's innermost call. */
type Internals = { readonly stream: ServerHttp2Stream; decoder: MessageDecoder };

/**
 * Limits what this innermost call receives: charges unfinished messages to `uploads`, and counts messages unless the method is
 * long-lived.
 */
export function boundReceiving(
  call: InnermostCall,
  path: string,
  { uploads, maxMessageBytes }: { readonly uploads: ByteBudget; readonly maxMessageBytes: number },
): void {
  const internals = call as unknown as Internals;
  const share = uploads.open();
  internals.decoder = createMessageDecoder({ maxMessageBytes, share, isCounted: !isLongLived(path) });
  internals.stream.once("close", share.release);
}
