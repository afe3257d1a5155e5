import { context, createContextKey } from "@opentelemetry/api";

/** What travels with a call besides its trace: handed on to every call made on its behalf. */
export type CallFacts = {
  /** Wall-clock time after which the caller no longer wants the answer. */
  readonly deadlineUnixMs?: number;
  readonly tenant?: string;
  /** What the line that is logged of the call says besides method and outcome. */
  readonly notes?: CallNotes;
};

/** What a call was about, for its line in the log. */
export type CallNotes = { jobId?: string; stepId?: string; reason?: string };

const key = createContextKey("pixelmesh.call");

/** The facts of the call that the running code works for; empty outside of one. */
export function callFacts(): CallFacts {
  return (context.active().getValue(key) as CallFacts | undefined) ?? {};
}

/** Runs `work` on behalf of a call with these facts; facts that are left out stay as they are. */
export function withCallFacts<T>(facts: CallFacts, work: () => T): T {
  return context.with(context.active().setValue(key, { ...callFacts(), ...facts }), work);
}

/** Adds to the line that is logged of the running call. What is no plain identifier is left out: it may be anybody's text. */
export function noteCall(notes: CallNotes): void {
  const known = callFacts().notes;
  if (!known) return;
  for (const [name, value] of Object.entries(notes) as [keyof CallNotes, string][])
    if (/^[A-Za-z0-9_-]{1,64}$/.test(value)) known[name] = value;
}
