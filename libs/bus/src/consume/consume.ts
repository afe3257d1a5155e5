import type { Bus } from "../connection/connect.ts";
import { openContinuousPull } from "./continuous-pull.ts";
import { openPriorityPull } from "./priority-pull.ts";
import { type ProcessOptions, processMessage } from "./process-message.ts";
import type { PulledMessage } from "./pulled-message.ts";

/** Where messages come from, how many are processed at once, and how. */
export type ConsumeOptions<T> = ProcessOptions<T> & {
  /** Most messages that are processed at once. */
  readonly concurrency: number;
} & (
    | {
        /** Durable consumers in strict priority: a later one is pulled only when those before it have no message. */
        readonly durables: readonly string[];
        /** Subject on which a message is published after something was stored for one of them. */
        readonly wakeSubject: string;
      }
    | { readonly durable: string }
  );

/** A running consumer. */
export type Consumer = {
  /** Stops pulling. Resolves when all messages in hand are acknowledged. */
  stop(): Promise<void>;
  /** Number of messages that are processed now. */
  readonly inHand: number;
};

/** Pulls messages and processes up to `concurrency` of them at once. */
export function consume<T>(bus: Bus, options: ConsumeOptions<T>): Consumer {
  const running = new Set<Promise<void>>();
  const capacity = () => options.concurrency - running.size;

  function start(message: PulledMessage): void {
    const work = processMessage(bus, options, message).finally(() => {
      running.delete(work);
      source.resume();
    });
    running.add(work);
  }

  const source =
    "durable" in options
      ? openContinuousPull(bus, options, capacity, start)
      : openPriorityPull(bus, options, capacity, start);
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
