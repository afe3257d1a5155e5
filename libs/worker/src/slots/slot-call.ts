import { AppError, toAppError } from "@pixelmesh/errors";
import { type HoldSlotRequest, SchedulerServiceDefinition, type SlotGrant, type SlotRequest } from "@pixelmesh/proto";
import { createOutbox, type RpcClient, type RpcConnection } from "@pixelmesh/rpc";
import type { SchedulerLink } from "./scheduler-link.ts";

/** A grant and until when it may be used, on `performance.now()`. */
export type TimedGrant = { readonly grant: SlotGrant; readonly validUntilMs: number };

/** One HoldSlot call to one scheduler. */
export type SlotCall = {
  readonly connection: RpcConnection;
  /** Waits for the grant. MEMORY_PRESSURE for a PASS or a revocation; SERVICE_UNAVAILABLE from who does not lead or says nothing. */
  granted(): Promise<TimedGrant>;
  renew(): void;
  /** What comes after the grant: renewals answered, and the reason to stop. Ends or throws when the call is over. */
  followed(): AsyncGenerator<TimedGrant | AppError, void, undefined>;
  send(message: HoldSlotRequest): void;
  /** Ends the call: at once, or after `graceMs` for the scheduler to read what was sent. */
  close(graceMs?: number): void;
};

const clients = new WeakMap<RpcConnection, RpcClient<typeof SchedulerServiceDefinition>>();

/** One client a connection: making one costs as much as a call. */
function clientOf(connection: RpcConnection): RpcClient<typeof SchedulerServiceDefinition> {
  const client = clients.get(connection) ?? connection.client(SchedulerServiceDefinition);
  clients.set(connection, client);
  return client;
}

/** A scheduler that leads answers a request at once, be it with a place in the queue. */
const silenceMs = 5_000;
/** Older than this, a request says too little of when its grant was made: a renewal is asked first. */
const promptMs = 1_000;

/**
 * Opens a call. A grant is counted from when its holder sent what it answers, since the answer may have lain unread for as
 * long as this process was stopped; the scheduler counts from later, so it never frees what is still in use.
 */
export function openSlotCall(link: SchedulerLink, request: SlotRequest): SlotCall {
  const connection = link.current();
  const outbox = createOutbox<HoldSlotRequest>();
  const closing = new AbortController();
  let closeTimer: NodeJS.Timeout | undefined;
  const sentAtMs: number[] = [];
  const send = (message: NonNullable<HoldSlotRequest["message"]>) => {
    if (message.$case !== "release") sentAtMs.push(performance.now());
    outbox.push({ message });
  };
  send({ $case: "request", value: request });
  const answers = clientOf(connection).holdSlot(outbox, { signal: closing.signal })[Symbol.asyncIterator]();

  async function next(): Promise<TimedGrant | AppError | "queued" | undefined> {
    const { done, value } = await answers.next();
    if (done) return undefined;
    const { message } = value;
    if (message?.$case === "pass") return new AppError("MEMORY_PRESSURE", "A peer has room for this work");
    if (message?.$case === "revoked")
      return new AppError("MEMORY_PRESSURE", `The slot was taken back: ${message.value.why}`);
    if (message?.$case !== "grant") return "queued";
    const grant = message.value;
    if (!link.admits(grant.epoch?.term ?? 0))
      throw new AppError("SERVICE_UNAVAILABLE", "The grant is of a scheduler that no longer leads");
    return { grant, validUntilMs: (sentAtMs.shift() ?? Number.NEGATIVE_INFINITY) + grant.validMs };
  }

  const renew = () => send({ $case: "renewal", value: {} });
  return {
    connection,
    renew,
    async granted() {
      const silence = setTimeout(() => closing.abort(), silenceMs);
      try {
        for (let isConfirming = false; ; ) {
          const answer = await next();
          clearTimeout(silence);
          if (answer === undefined) break;
          if (answer instanceof AppError) throw answer;
          if (answer === "queued") continue;
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
          if (answer !== "queued") yield answer;
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
