import { AppError, toAppError } from "@pixelmesh/errors";
import {
  type HoldSlotRequest,
  SchedulerServiceDefinition,
  type SlotGrant,
  type SlotQueued,
  type SlotRequest,
} from "@pixelmesh/proto";
import { createSendQueue, type RpcClient, type RpcConnection } from "@pixelmesh/rpc";
import type { SchedulerLink } from "./scheduler-link.ts";

/** A grant with the end of its validity, on `performance.now()`. */
export type TimedGrant = { readonly grant: SlotGrant; readonly validUntilMs: number };

/** One HoldSlot call to one scheduler. */
export type SlotCall = {
  readonly connection: RpcConnection;
  /**
   * Waits for the grant; `onQueued` gets each notice of the queue. Throws MEMORY_PRESSURE after a PASS or revocation, SERVICE_UNAVAILABLE if
   * the scheduler does not lead or answer.
   */
  granted(onQueued?: (queued: SlotQueued) => void): Promise<TimedGrant>;
  renew(): void;
  /** Yields the answers after the grant: renewals, or the reason to stop. Ends or throws when the call is over. */
  followed(): AsyncGenerator<TimedGrant | AppError, void, undefined>;
  send(message: HoldSlotRequest): void;
  /** Ends the call at once, or after `graceMs`, in which the scheduler can read the last message. */
  close(graceMs?: number): void;
};

const clients = new WeakMap<RpcConnection, RpcClient<typeof SchedulerServiceDefinition>>();

/** Returns the client of a connection. It is cached, because creating one costs as much as a call. */
function clientOf(connection: RpcConnection): RpcClient<typeof SchedulerServiceDefinition> {
  const client = clients.get(connection) ?? connection.client(SchedulerServiceDefinition);
  clients.set(connection, client);
  return client;
}

/** A leading scheduler answers a request at once, with a grant or with a position in the queue. */
const silenceMs = 5_000;
/** A grant that arrives later than this after its request may be old. It is renewed before it is used. */
const promptMs = 1_000;

/**
 * Opens a call. The validity of a grant counts from the time its request was sent, because the answer may have been unread while this
 * process was stopped. The scheduler counts from a later time, so it never frees a slot that is still in use.
 */
export function openSlotCall(link: SchedulerLink, request: SlotRequest): SlotCall {
  const connection = link.current();
  const outbox = createSendQueue<HoldSlotRequest>();
  const closing = new AbortController();
  let closeTimer: NodeJS.Timeout | undefined;
  const sentAtMs: number[] = [];
  const send = (message: NonNullable<HoldSlotRequest["message"]>) => {
    if (message.$case !== "release") sentAtMs.push(performance.now());
    outbox.push({ message });
  };
  send({ $case: "request", value: request });
  const answers = clientOf(connection).holdSlot(outbox, { signal: closing.signal })[Symbol.asyncIterator]();

  async function next(): Promise<TimedGrant | AppError | SlotQueued | undefined> {
    const { done, value } = await answers.next();
    if (done) return undefined;
    const { message } = value;
    if (message?.$case === "pass") return new AppError("MEMORY_PRESSURE", "A peer has free capacity for this work");
    if (message?.$case === "revoked")
      return new AppError("MEMORY_PRESSURE", `The slot was revoked: ${message.value.why}`);
    if (message?.$case === "queued") return message.value;
    // An answer of a later release.
    if (message?.$case !== "grant") return next();
    const grant = message.value;
    if (!link.admits(grant.epoch?.term ?? 0))
      throw new AppError("SERVICE_UNAVAILABLE", "The grant is from a scheduler that no longer leads");
    return { grant, validUntilMs: (sentAtMs.shift() ?? Number.NEGATIVE_INFINITY) + grant.validMs };
  }

  const renew = () => send({ $case: "renewal", value: {} });
  return {
    connection,
    renew,
    async granted(onQueued) {
      const silence = setTimeout(() => closing.abort(), silenceMs);
      try {
        for (let isConfirming = false; ; ) {
          const answer = await next();
          clearTimeout(silence);
          if (answer === undefined) break;
          if (answer instanceof AppError) throw answer;
          if ("why" in answer) {
            onQueued?.(answer);
            continue;
          }
          const ageMs = performance.now() - (answer.validUntilMs - answer.grant.validMs);
          if (isConfirming || ageMs <= promptMs) return answer;
          isConfirming = true;
          renew();
        }
      } catch (error) {
        if (!closing.signal.aborted) throw toAppError(error);
      } finally {
        clearTimeout(silence);
      }
      throw new AppError("SERVICE_UNAVAILABLE", "The scheduler ended the call without a slot");
    },
    async *followed() {
      try {
        for (let answer = await next(); answer !== undefined; answer = await next()) {
          if (answer instanceof AppError || !("why" in answer)) yield answer;
        }
      } finally {
        clearTimeout(closeTimer);
      }
    },
    send({ message }) {
      if (message) send(message);
    },
    close(graceMs = 0) {
      outbox.end();
      if (graceMs === 0) closing.abort();
      else closeTimer = setTimeout(() => closing.abort(), graceMs).unref();
    },
  };
}
