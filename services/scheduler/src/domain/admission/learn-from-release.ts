import type { Device, GrantedSlot } from "../devices/device.ts";
import { learnOutOfMemory, learnRun, learnUnmeasured, type MemoryProfiles, setProfile } from "./memory-profiles.ts";
import { profileNameOf } from "./predict-option.ts";
import type { Measurement } from "./slot-request.ts";

/** Updates the memory profile of a released slot. A run beside other work teaches nothing but an out-of-memory failure. */
export function learnFromRelease(
  profiles: MemoryProfiles,
  device: Device,
  slot: GrantedSlot,
  { peakBytes, runMs, outOfMemory }: Measurement,
): void {
  const name = profileNameOf(device, slot.request, slot.optionIndex);
  if (name === undefined) return;
  const profile = profiles.get(name);
  if (outOfMemory) setProfile(profiles, name, learnOutOfMemory(profile, slot.peakBytes));
  else if (slot.shared || runMs === 0) return;
  else if (peakBytes > 0) setProfile(profiles, name, learnRun(profile, peakBytes, runMs));
  else setProfile(profiles, name, learnUnmeasured(profile, slot.peakBytes, runMs));
}
