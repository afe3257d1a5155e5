import { dropDeadLetter, findDeadLetter, matchesFilter } from "@pixelmesh/bus";
import type { DropDeadLetterRequest, DropDeadLetterResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { JobParts } from "../parts.ts";
import { visibleTo } from "./caller.ts";

/** DropDeadLetter: forgets it. One that the caller may not see is left alone and answered like one that is gone. */
export function createDropDeadLetter({ base, operators }: JobParts) {
  return async ({ sequence }: DropDeadLetterRequest, context: CallContext): Promise<DropDeadLetterResponse> => {
    const letter = sequence > 0 ? await findDeadLetter(base.bus, sequence) : undefined;
    if (!letter || !matchesFilter(letter, visibleTo(context, operators))) return {};
    await dropDeadLetter(base.bus, sequence);
    base.log.info({ sequence }, "dead letter dropped");
    return {};
  };
}
