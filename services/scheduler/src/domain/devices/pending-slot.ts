import type { GrantedSlot } from "./device.ts";

/**
 * Returns whether a slot that was granted before its host was reported may run on this host. A slot whose option names a host runs only
 * there. Any other slot runs on none of the hosts that its request's options name.
 */
export function mayRunOnHost({ request: { options }, optionIndex }: GrantedSlot, hostId: string): boolean {
  const named = options[optionIndex]?.hostId ?? "";
  return named === "" ? options.every((option) => option.hostId !== hostId) : named === hostId;
}
