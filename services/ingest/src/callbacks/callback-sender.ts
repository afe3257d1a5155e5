import type { KeyFeed } from "@pixelmesh/bus";
import { CallbackEntry } from "@pixelmesh/proto";
import { type CallbackQueue, createCallbackQueue, type KnownCallback } from "../domain/callback-queue.ts";
import { type CallbackStore, toCallbackKey } from "./callback-store.ts";
import { type AttemptParts, makeAttempt } from "./make-attempt.ts";

/** Makes the callbacks of the mesh, on the replica that holds the lease. */
export type CallbackSender = {
  /** The callbacks that this replica knows: all of them while it holds the lease. */
  readonly queue: CallbackQueue;
  /** Stops, and waits a few seconds for attempts that run. Those that do not end are made again by another replica. */
  close(): Promise<void>;
};

/** Dependencies of `startCallbackSender`. */
export type SenderParts = AttemptParts & {
  readonly callbacks: Pick<CallbackStore, "find" | "update" | "follow">;
  readonly lease: { isHeld(): boolean };
};

/** Attempts at once: of the mesh, of one tenant, and to one host and port. */
const limits = { all: 64, perTenant: 32, perHost: 8 };
const tickMs = 1_000;
/** An attempt whose end could not be stored is made again after this time. */
const repeatAfterMs = 5_000;
const closeTimeoutMs = 3_000;

/** Follows the bucket while the lease is held, and makes each callback when it is due. */
export function startCallbackSender(parts: SenderParts): CallbackSender {
  const { base, callbacks, lease, clock } = parts;
  const { log, metrics } = base;
  const queue = createCallbackQueue(limits);
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let feed: KeyFeed | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let isPumpDue = false;

  function openFeed(): KeyFeed {
    return callbacks.follow({
      onEntry({ key, sequence, value }) {
        // A removed entry leaves no mark; other bytes are none of ours.
        const entry = decodeEntry(value);
        if (!entry || `${entry.tenant}.${entry.jobId}` !== key)
          return log.warn({ key }, "malformed entry of a callback");
        queue.offer(key, entry, sequence);
        pumpSoon();
      },
      onCaughtUp() {},
    });
  }

  async function attempt(callback: KnownCallback): Promise<void> {
    const { key } = callback;
    try {
      const end = await makeAttempt(parts, toCallbackKey(key), stopping.signal);
      if (end === "gone") queue.remove(key);
      else if (end !== "changed") queue.offer(key, end.entry, end.revision);
      // The feed brings the change of another writer.
      queue.end(callback, end === "changed" ? clock.nowUnixMs() + repeatAfterMs : undefined);
    } catch (error) {
      queue.end(callback, clock.nowUnixMs() + repeatAfterMs);
      if (!stopping.signal.aborted)
        log.warn({ err: error, key }, "the end of a callback was not stored; it is made again");
    }
  }

  /** Begins all attempts that are due, and sets the timer for the next one. */
  function pump(): void {
    if (isClosed || !feed) return;
    for (let next = queue.takeDue(clock.nowUnixMs()); next; next = queue.takeDue(clock.nowUnixMs())) {
      const work = attempt(next).finally(() => {
        running.delete(work);
        pump();
      });
      running.add(work);
    }
    const dueInMs = (queue.nextDueUnixMs() ?? Number.POSITIVE_INFINITY) - clock.nowUnixMs();
    if (dueInMs < tickMs) schedule(Math.max(0, dueInMs));
  }

  /** Entries arrive many at a time, and each look at the queue goes through all of them. */
  function pumpSoon(): void {
    if (isPumpDue) return;
    isPumpDue = true;
    setImmediate(() => {
      isPumpDue = false;
      pump();
    });
  }

  function schedule(inMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(tick, inMs);
  }

  /** Follows the lease, and repeats itself. */
  function tick(): void {
    if (isClosed) return;
    if (lease.isHeld()) feed ??= openFeed();
    else if (feed) {
      void feed.close();
      feed = undefined;
      queue.clear();
    }
    schedule(tickMs);
    pump();
    exportPending();
  }

  function exportPending(): void {
    const { count, oldestEndedUnixMs } = queue.pending();
    const ageMs = count === 0 ? 0 : Math.max(0, clock.nowUnixMs() - oldestEndedUnixMs);
    metrics.set("pixelmesh_callbacks_pending", {}, count);
    metrics.set("pixelmesh_callback_oldest_age_seconds", {}, ageMs / 1_000);
  }

  tick();
  return {
    queue,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await feed?.close();
      const late = setTimeout(() => stopping.abort(), closeTimeoutMs);
      await Promise.all(running);
      clearTimeout(late);
    },
  };
}

function decodeEntry(value: Uint8Array): CallbackEntry | undefined {
  try {
    return CallbackEntry.decode(value);
  } catch {
    return undefined;
  }
}
