/**
 * What becomes of a message. `done`: everything it stands for is stored, forget it; with `completed` that holds whoever has
 * the message by now. `leave`: say nothing, another worker has it. `giveBack`: another try after
 * `delayMs`, free of charge. `drop`: nobody can ever work on it; it is kept as a dead letter.
 */
export type Verdict =
  | { readonly $case: "done"; readonly completed?: true }
  | { readonly $case: "leave" }
  | { readonly $case: "giveBack"; readonly delayMs: number }
  | { readonly $case: "drop"; readonly reason: string };

/** Facts of the delivery of a message. */
export type Delivery = {
  readonly subject: string;
  /** 1 for the first. */
  readonly deliveries: number;
  readonly sequence: number;
  /** When the message was stored, by the broker's clock. */
  readonly storedUnixMs: number;
  /** Whether this process paused for so long that the broker may have given the message to another. Never false again. */
  isLate(): boolean;
};

/** Give the message back: after 250 ms at first, doubling up to 15 s, spread by `jitter` (0 to 1) so that workers do not march in step. */
export function giveBack(deliveries: number, jitter: number): Verdict {
  const baseMs = Math.min(15_000, 250 * 2 ** Math.min(deliveries - 1, 10));
  return { $case: "giveBack", delayMs: Math.round(baseMs * (0.5 + jitter)) };
}
