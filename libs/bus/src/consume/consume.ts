import type { Bus } from "../connection/connect.ts";
import { openStandingPull } from "./continuous-pull.ts";
import { pollDurables } from "./priority-pull.ts";
import { type SettleOptions, settle } from "./process-message.ts";
import type { Pulled } from "./pulled-message.ts";

/** What to take, and what to do with it. */
export type ConsumeOptions<T> = SettleOptions<T> & {
  /** Messages in hand at once. */
  readonly concurrency: number;
} & (
    | {
        /** Durable consumers in strict order: the next is asked only when those before it have nothing. */
        readonly durables: readonly string[];
        /** Said whenever something was stored for one of them. */
        readonly wakeSubject: string;
      }
    | { readonly durable: string }
  );

/** A running consumer. */
export type Consumer = {
  /** Takes nothing more; resolves when what is in hand has its verdict. */
  stop(): Promise<void>;
  readonly inHand: number;
};

/** Takes messages, tells the broker that they are being worked on, and settles each by its verdict. */
export function consume<T>(bus: Bus, options: ConsumeOptions<T>): Consumer {
  const running = new Set<Promise<void>>();
  const room = () => options.concurrency - running.size;

  function start(pulled: Pulled): void {
    const work = settle(bus, options, pulled).finally(() => {
      running.delete(work);
      source.ask();
    });
    running.add(work);
  }

  const source =
    "durable" in options ? openStandingPull(bus, options, room, start) : pollDurables(bus, options, room, start);
  return {
    get inHand() {
      return running.size;
    },
    async stop() {
      await source.close();
      await Promise.allSettled(running);
    },
  };
}
