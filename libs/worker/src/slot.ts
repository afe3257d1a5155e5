import { AppError, toAppError } from "@pixelmesh/errors";
import {
  type HoldSlotRequest,
  SchedulerServiceDefinition,
  type SlotGrant,
  type SlotRelease,
  type SlotRequest,
} from "@pixelmesh/proto";
import { createOutbox, type RpcConnection } from "@pixelmesh/rpc";

/** A slot that is held. */
export type Slot = {
  readonly grant: SlotGrant;
  /** Aborted with MEMORY_PRESSURE when the scheduler wants it back, with GRANT_EXPIRED when it was not renewed in time. */
  readonly lost: AbortSignal;
  onRenewed(listener: (validMs: number) => void): void;
  /** Gives it back; repeating that is harmless. */
  release(measured?: Partial<SlotRelease>): void;
};

const renewEveryMs = 3_000;
const releaseTimeoutMs = 5_000;

/**
 * Asks for a slot and waits for it; ends with what the scheduler says (QUEUE_FULL, NO_DEVICE_FITS, …), or
 * SERVICE_UNAVAILABLE without one. A PASS is MEMORY_PRESSURE: the message goes back, a warm peer takes it.
 */
export async function holdSlot(connection: RpcConnection, request: SlotRequest, signal: AbortSignal): Promise<Slot> {
  signal.throwIfAborted();
  const outbox = createOutbox<HoldSlotRequest>();
  outbox.push({ message: { $case: "request", value: request } });
  const closing = new AbortController();
  const answers = connection
    .client(SchedulerServiceDefinition)
    .holdSlot(outbox, { signal: closing.signal })
    [Symbol.asyncIterator]();

  const lost = new AbortController();
  const listeners = new Set<(validMs: number) => void>();
  let released = false;
  let expiry: NodeJS.Timeout | undefined;
  let renewal: NodeJS.Timeout | undefined;

  function refresh(validMs: number) {
    clearTimeout(expiry);
    // The holder's own clock: what the scheduler believes does not matter once its word is too old.
    expiry = setTimeout(() => lost.abort(new AppError("GRANT_EXPIRED", "The slot was not renewed in time")), validMs);
    for (const listener of listeners) listener(validMs);
  }
  function end() {
    clearTimeout(expiry);
    clearInterval(renewal);
    outbox.end();
  }

  function leave(measured: Partial<SlotRelease>) {
    outbox.push({ message: { $case: "release", value: { peakBytes: 0, runMs: 0, outOfMemory: false, ...measured } } });
    end();
    // The scheduler ends the call when it has the release; one that does not answer is left.
    setTimeout(() => closing.abort(), releaseTimeoutMs).unref();
  }

  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    // Said, not just hung up: a grant may be on its way, and would stay charged until it had run out.
    leave({});
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const grant = await Promise.race([firstGrant(answers), aborted])
    .catch((error: unknown) => {
      end();
      if (!signal.aborted) closing.abort();
      throw error;
    })
    .finally(() => signal.removeEventListener("abort", onAbort));
  refresh(grant.validMs);
  renewal = setInterval(() => outbox.push({ message: { $case: "renewal", value: {} } }), renewEveryMs);

  void (async () => {
    try {
      for (let next = await answers.next(); !next.done; next = await answers.next()) {
        const { message } = next.value;
        if (message?.$case === "grant") refresh(message.value.validMs);
        else if (message?.$case === "revoked")
          lost.abort(new AppError("MEMORY_PRESSURE", `The slot was taken back: ${message.value.why}`));
      }
    } catch {
      // The scheduler is gone or restarts: the grant holds until it expires, and nothing new is granted on it.
    }
  })();

  return {
    grant,
    lost: lost.signal,
    onRenewed(listener) {
      listeners.add(listener);
      listener(grant.validMs);
    },
    release(measured = {}) {
      if (released) return;
      released = true;
      leave(measured);
    },
  };
}

async function firstGrant(
  answers: AsyncIterator<{ message?: { $case: string; value: unknown } | undefined }>,
): Promise<SlotGrant> {
  try {
    for (let next = await answers.next(); !next.done; next = await answers.next()) {
      const { message } = next.value;
      if (message?.$case === "grant") return message.value as SlotGrant;
      if (message?.$case === "pass") throw new AppError("MEMORY_PRESSURE", "A peer has room for this work");
    }
  } catch (error) {
    throw toAppError(error);
  }
  throw new AppError("SERVICE_UNAVAILABLE", "The scheduler ended the call without a slot");
}
