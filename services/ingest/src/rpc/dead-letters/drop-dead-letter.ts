import { dropDeadLetter } from "@pixelmesh/bus";
import type { DropDeadLetterRequest, DropDeadLetterResponse } from "@pixelmesh/proto";
import type { JobParts } from "../parts.ts";

/** DropDeadLetter: forgets it. */
export function createDropDeadLetter({ base }: JobParts) {
  return async ({ sequence }: DropDeadLetterRequest): Promise<DropDeadLetterResponse> => {
    await dropDeadLetter(base.bus, sequence);
    base.log.info({ sequence }, "dead letter dropped");
    return {};
  };
}
