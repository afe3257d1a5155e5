import type { DeadLetter, DeadLetterServiceDefinition, GetDeadLetterResponse } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import type { CallOptions } from "./call-options.ts";
import type { Cancellation } from "./cancellation.ts";
import { createRetriedCall } from "./retry.ts";

/** The dead letters of the whole mesh: messages and steps that were given up. */
export type DeadLetters = {
  /** Iterates from the oldest on. Fetches pages as needed. */
  list(options?: CallOptions): AsyncGenerator<DeadLetter>;
  /** Resolves to a dead letter and its message. Throws DEAD_LETTER_NOT_FOUND. */
  get(sequence: number, options?: CallOptions): Promise<GetDeadLetterResponse>;
  /** Tries a dead letter again and removes it. Resolves to the id of the new job; empty if the message went back to its queue. */
  replay(sequence: number, options?: CallOptions): Promise<string>;
  /** Removes a dead letter for good. */
  drop(sequence: number, options?: CallOptions): Promise<void>;
};

/** Creates the access to dead letters over one client. */
export function createDeadLetters(
  rpc: RpcClient<DeadLetterServiceDefinition>,
  retryTimeoutMs: number,
  cancellation: Cancellation,
): DeadLetters {
  const withRetries = createRetriedCall(cancellation, retryTimeoutMs);
  return {
    async *list(options = {}) {
      let pageToken = "";
      do {
        const request = { pageSize: 50, pageToken };
        const page = await withRetries(options, (call) => rpc.listDeadLetters(request, call));
        for (const letter of page.deadLetters) {
          yield letter;
          cancellation.check(options);
        }
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    get: (sequence, options = {}) => withRetries(options, (call) => rpc.getDeadLetter({ sequence }, call)),
    // Not retried: after a lost answer a second replay could create a second job.
    replay: async (sequence, options = {}) =>
      (await cancellation.call(options, (signal) => rpc.replayDeadLetter({ sequence }, { ...options, signal }))).jobId,
    async drop(sequence, options = {}) {
      await withRetries(options, (call) => rpc.dropDeadLetter({ sequence }, call));
    },
  };
}
