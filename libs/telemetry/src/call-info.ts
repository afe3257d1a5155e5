import { activeContext, type CallInfo, type CallLogFields, runInContext } from "./active-context.ts";

const none: CallInfo = {};

/** The facts of the call that the running code works for; empty outside of a call. */
export function callInfo(): CallInfo {
  return activeContext().call ?? none;
}

/** Runs `work` with these call facts. Facts that are left out keep their values. */
export function withCallInfo<T>(info: CallInfo, work: () => T): T {
  const { trace } = activeContext();
  return runInContext({ trace, call: { ...callInfo(), ...info } }, work);
}

/** Adds fields to the log line of the running call. Ignores values that are not plain identifiers: they may hold user text. */
export function addCallLogFields(fields: CallLogFields): void {
  const known = callInfo().logFields;
  if (!known) return;
  for (const [name, value] of Object.entries(fields) as [keyof CallLogFields, string][])
    if (/^[A-Za-z0-9_-]{1,64}$/.test(value)) known[name] = value;
}
