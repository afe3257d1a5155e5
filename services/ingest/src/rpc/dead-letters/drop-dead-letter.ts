import { dropDeadLetter, findDeadLetter, matchesFilter } from "@pixelmesh/bus";
import type { DropDeadLetterRequest, DropDeadLetterResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";
import { visibleTo } from "./caller.ts";

/**
 * DropDeadLetter: deletes the message. Does nothing for a message that the caller may not see; the response is the same as for a
 * message that is gone.
 */
export function createDropDeadLetter({ bus, log }: Pick<ServiceBase, "bus" | "log">, operators: Tokens | undefined) {
  return async ({ sequence }: DropDeadLetterRequest, context: CallContext): Promise<DropDeadLetterResponse> => {
    const letter = sequence > 0 ? await findDeadLetter(bus, sequence) : undefined;
    if (!letter || !matchesFilter(letter, visibleTo(context, operators))) return {};
    await dropDeadLetter(bus, sequence);
    log.info({ sequence }, "dead letter dropped");
    return {};
  };
}
