import { AppError, expected } from "@pixelmesh/errors";
import type { HoldSlotRequest, HoldSlotResponse } from "@pixelmesh/proto";
import { type CallContext, createOutbox } from "@pixelmesh/rpc";
import { noteCall } from "@pixelmesh/telemetry";
import type { Leader } from "../adapters/leader.ts";
import { parseSlotRequest } from "./parse-request.ts";

/** A call that has not asked for a slot after this time is ended: it counts against the calls that may be open. */
const askWithinMs = 10_000;

/** HoldSlot: one call is one slot. It is released by a release; a call that ends without one stays charged until its grant expires. */
export function createHoldSlot(leader: Leader) {
  return async function* holdSlot(
    stream: AsyncIterable<HoldSlotRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<HoldSlotResponse, void, undefined> {
    const { runtime } = leader.require();
    const answers = createOutbox<HoldSlotResponse>();
    let failure: Error | undefined;
    const end = (error?: Error) => {
      failure ??= error;
      answers.end();
    };
    const call = runtime.open({
      granted: ({ slotId, deviceId, optionIndex, epoch, validMs }) =>
        answers.push({ message: { $case: "grant", value: { slotId, deviceId, optionIndex, epoch, validMs } } }),
      queued: ({ position, why }) => answers.push({ message: { $case: "queued", value: { position, why } } }),
      revoked: (why) => answers.push({ message: { $case: "revoked", value: { why } } }),
      passed(instance) {
        answers.push({ message: { $case: "pass", value: { instance } } });
        end();
      },
      ended: end,
    });

    const asking = setTimeout(
      () => end(new AppError("DEADLINE_EXCEEDED", `Expected a request within ${askWithinMs / 1000} s, got none`)),
      askWithinMs,
    );
    async function listen(): Promise<void> {
      let hasRequest = false;
      for await (const { message } of stream) {
        if (message?.$case === "request" && !hasRequest) {
          hasRequest = true;
          clearTimeout(asking);
          noteCall({ jobId: message.value.jobId, stepId: message.value.stepId });
          call.request(parseSlotRequest(message.value, { unixMs: Date.now(), nowMs: call.nowMs }));
        } else if (message?.$case === "renewal" && hasRequest) call.renew();
        else if (message?.$case === "release" && hasRequest) {
          call.release(message.value);
          return;
        } else throw expected("message", "a request first, then renewals and one release", message?.$case ?? "nothing");
      }
      if (!hasRequest) throw new AppError("INVALID_ARGUMENT", "Expected a request, got an empty stream");
    }

    const onAbort = () => end();
    signal.addEventListener("abort", onAbort, { once: true });
    listen().then(() => end(), end);
    try {
      yield* answers;
      signal.throwIfAborted();
      if (failure) throw failure;
    } finally {
      clearTimeout(asking);
      signal.removeEventListener("abort", onAbort);
      call.disconnect();
    }
  };
}
