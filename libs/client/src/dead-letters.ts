import type { DeadLetter, DeadLetterServiceDefinition, GetDeadLetterResponse } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import type { CallOptions } from "./jobs.ts";
import { callPatiently } from "./patience.ts";

/** Messages that nobody could work on, of the whole mesh. */
export type DeadLetters = {
  /** Oldest first; pages are fetched as the iteration goes on. */
  list(options?: CallOptions): AsyncGenerator<DeadLetter>;
  /** One with the message it holds. DEAD_LETTER_NOT_FOUND. */
  get(sequence: number, options?: CallOptions): Promise<GetDeadLetterResponse>;
  /** Tries it again and forgets it; answers the id of the new job, empty where the message went back to its queue. */
  replay(sequence: number, options?: CallOptions): Promise<string>;
  /** Forgets it; what is gone stays gone. */
  drop(sequence: number, options?: CallOptions): Promise<void>;
};

/** Dead letters over one client. */
export function createDeadLetters(rpc: RpcClient<DeadLetterServiceDefinition>, patienceMs: number): DeadLetters {
  const patiently = <T>(options: CallOptions, call: () => Promise<T>) =>
    callPatiently(call, { patienceMs, ...options });
  return {
    async *list(options = {}) {
      let pageToken = "";
      do {
        const request = { pageSize: 50, pageToken };
        const page = await patiently(options, () => rpc.listDeadLetters(request, options));
        yield* page.deadLetters;
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    get: (sequence, options = {}) => patiently(options, () => rpc.getDeadLetter({ sequence }, options)),
    // Not repeated: after a lost answer a second replay could be a second job.
    replay: async (sequence, options = {}) => (await rpc.replayDeadLetter({ sequence }, options)).jobId,
    async drop(sequence, options = {}) {
      await patiently(options, () => rpc.dropDeadLetter({ sequence }, options));
    },
  };
}
