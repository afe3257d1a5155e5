import { context, createContextKey } from "@opentelemetry/api";

/** What travels with a call besides its trace: handed on to every call made on its behalf. */
export type CallFacts = {
  /** Wall-clock time after which the caller no longer wants the answer. */
  readonly deadlineUnixMs?: number;
  readonly tenant?: string;
};

const key = createContextKey("pixelmesh.call");

/** The facts of the call that the running code works for; empty outside of one. */
export function callFacts(): CallFacts {
  return (context.active().getValue(key) as CallFacts | undefined) ?? {};
}

/** Runs `work` on behalf of a call with these facts; facts that are left out stay as they are. */
export function withCallFacts<T>(facts: CallFacts, work: () => T): T {
  return context.with(context.active().setValue(key, { ...callFacts(), ...facts }), work);
}
