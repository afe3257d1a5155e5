/**
 * How a consumer acknowledges a message.
 * - `ack`: done, never deliver it again. With `completed` the result is stored, so it is also sent if another worker may hold the
 *   message by now.
 * - `none`: send nothing, because another worker holds the message.
 * - `nak`: deliver it again after `delayMs`. This does not count as an attempt.
 * - `term`: never deliver it again; store it as a dead letter.
 */
export type Acknowledgement =
  | { readonly $case: "ack"; readonly completed?: true }
  | { readonly $case: "none" }
  | { readonly $case: "nak"; readonly delayMs: number }
  | { readonly $case: "term"; readonly reason: string };

/** One delivery of a message. */
export type Delivery = {
  readonly subject: string;
  /** 1 for the first. */
  readonly deliveries: number;
  readonly sequence: number;
  /** When the message was stored, by the broker's clock. */
  readonly storedUnixMs: number;
  /** Whether this process paused for so long that the broker may have delivered the message to another worker. Stays true. */
  isLate(): boolean;
};

/**
 * A nak with exponential backoff: 250 ms after the first delivery, doubling up to 15 s. `jitter` (0 to 1) spreads the delay, so that
 * workers do not retry at the same time.
 */
export function nakWithBackoff(deliveries: number, jitter: number): Acknowledgement {
  const baseMs = Math.min(15_000, 250 * 2 ** Math.min(deliveries - 1, 10));
  return { $case: "nak", delayMs: Math.round(baseMs * (0.5 + jitter)) };
}
