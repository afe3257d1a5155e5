import type { AppError } from "@pixelmesh/errors";
import type { Epoch } from "@pixelmesh/proto";
import type { WaitCause } from "./admission/explain-wait.ts";

/** A command to a reporter. */
export type ReporterCommand =
  | { readonly kind: "evictHost"; readonly hostId: string }
  | { readonly kind: "cleanUp"; readonly wantedBytes: number };

/** An effect of an event. The scheduler decides it, the runtime carries it out. */
export type SchedulerEffect =
  | {
      readonly kind: "grant";
      readonly callId: string;
      readonly slotId: string;
      readonly deviceId: string;
      readonly optionIndex: number;
      readonly epoch: Epoch;
      readonly validMs: number;
    }
  | {
      readonly kind: "queued";
      readonly callId: string;
      readonly position: number;
      readonly why: WaitCause;
      readonly deviceId: string;
    }
  | { readonly kind: "revoke"; readonly callId: string; readonly why: string }
  /** The call ends without a slot: `instance` has the model loaded and free memory for the work. */
  | { readonly kind: "redirect"; readonly callId: string; readonly instance: string }
  /** The call ends with this error: refused before a grant, or expired after it. */
  | { readonly kind: "end"; readonly callId: string; readonly error: AppError }
  | { readonly kind: "command"; readonly reporterId: string; readonly command: ReporterCommand };
