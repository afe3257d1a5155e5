import type { ServiceBase } from "@pixelmesh/service";
import { createDropDeadLetter } from "./drop-dead-letter.ts";
import { createGetDeadLetter } from "./get-dead-letter.ts";
import { createListDeadLetters } from "./list-dead-letters.ts";
import { createReplayDeadLetter, type ReplayParts } from "./replay-dead-letter.ts";

/** Creates the handlers of DeadLetterService. */
export function createDeadLetterService(parts: ReplayParts & { readonly base: ServiceBase }) {
  const { base, operators } = parts;
  return {
    listDeadLetters: createListDeadLetters(base.bus, operators),
    getDeadLetter: createGetDeadLetter(base.bus, operators),
    replayDeadLetter: createReplayDeadLetter(parts),
    dropDeadLetter: createDropDeadLetter(base, operators),
  };
}
