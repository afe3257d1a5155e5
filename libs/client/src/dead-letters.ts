import type { DeadLetter, DeadLetterServiceDefinition, GetDeadLetterResponse } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import type { CallOptions } from "./call-options.ts";
import type { Endings } from "./endings.ts";
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
export function createDeadLetters(
  rpc: RpcClient<DeadLetterServiceDefinition>,
  patienceMs: number,
  endings: Endings,
): DeadLetters {
  const patiently = <T>(options: CallOptions, call: (options: CallOptions) => Promise<T>) =>
    endings.call(options, (signal) => callPatiently(() => call({ ...options, signal }), { patienceMs, signal }));
  return {
    async *list(options = {}) {
      let pageToken = "";
      do {
        const request = { pageSize: 50, pageToken };
        const page = await patiently(options, (call) => rpc.listDeadLetters(request, call));
        for (const letter of page.deadLetters) {
          yield letter;
          endings.check(options);
        }
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    get: (sequence, options = {}) => patiently(options, (call) => rpc.getDeadLetter({ sequence }, call)),
    // Not repeated: after a lost answer a second replay could be a second job.
    replay: async (sequence, options = {}) =>
      (await endings.call(options, (signal) => rpc.replayDeadLetter({ sequence }, { ...options, signal }))).jobId,
    async drop(sequence, options = {}) {
      await patiently(options, (call) => rpc.dropDeadLetter({ sequence }, call));
    },
  };
}
