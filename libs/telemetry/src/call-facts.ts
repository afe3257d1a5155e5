import { active, type CallFacts, type CallNotes, runIn } from "./active.ts";

const none: CallFacts = {};

/** The facts of the call that the running code works for; empty outside of one. */
export function callFacts(): CallFacts {
  return active().facts ?? none;
}

/** Runs `work` on behalf of a call with these facts; facts that are left out stay as they are. */
export function withCallFacts<T>(facts: CallFacts, work: () => T): T {
  const { place } = active();
  return runIn({ place, facts: { ...callFacts(), ...facts } }, work);
}

/** Adds to the line that is logged of the running call. What is no plain identifier is left out: it may be anybody's text. */
export function noteCall(notes: CallNotes): void {
  const known = callFacts().notes;
  if (!known) return;
  for (const [name, value] of Object.entries(notes) as [keyof CallNotes, string][])
    if (/^[A-Za-z0-9_-]{1,64}$/.test(value)) known[name] = value;
}
