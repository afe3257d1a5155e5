import { AppError, expected } from "@pixelmesh/errors";
import type { HoldSlotRequest, HoldSlotResponse } from "@pixelmesh/proto";
import { type CallContext, createSendQueue } from "@pixelmesh/rpc";
import { addCallLogFields } from "@pixelmesh/telemetry";
import type { Leader } from "../adapters/leader.ts";
import { parseSlotRequest } from "./parse-request.ts";

/** A call without a request is ended after this time, because open calls are limited. */
const requestWithinMs = 10_000;

/** HoldSlot: one call holds one slot until it sends a release. A call that ends without one stays charged until its grant expires. */
export function createHoldSlot(leader: Leader) {
  return async function* holdSlot(
    stream: AsyncIterable<HoldSlotRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<HoldSlotResponse, void, undefined> {
    const { runtime } = leader.require();
    const answers = createSendQueue<HoldSlotResponse>();
    let failure: Error | undefined;
    const end = (error?: Error) => {
      failure ??= error;
      answers.end();
    };
    const call = runtime.open({
      granted: ({ slotId, deviceId, optionIndex, epoch, validMs }) =>
        answers.push({ message: { $case: "grant", value: { slotId, deviceId, optionIndex, epoch, validMs } } }),
      queued: ({ position, why, deviceId }) =>
        answers.push({ message: { $case: "queued", value: { position, why, deviceId } } }),
      revoked: (why) => answers.push({ message: { $case: "revoked", value: { why } } }),
      redirected(instance) {
        answers.push({ message: { $case: "pass", value: { instance } } });
        end();
      },
      ended: end,
    });

    const requestTimer = setTimeout(
      () => end(new AppError("DEADLINE_EXCEEDED", `Expected a request within ${requestWithinMs / 1000} s, got none`)),
      requestWithinMs,
    );
    async function listen(): Promise<void> {
      let hasRequest = false;
      for await (const { message } of stream) {
        if (message?.$case === "request" && !hasRequest) {
          hasRequest = true;
          clearTimeout(requestTimer);
          addCallLogFields({ jobId: message.value.jobId, stepId: message.value.stepId });
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
      clearTimeout(requestTimer);
      signal.removeEventListener("abort", onAbort);
      call.disconnect();
    }
  };
}
