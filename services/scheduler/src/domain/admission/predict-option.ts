import type { Device } from "../devices/device.ts";
import type { Rules } from "../rules.ts";
import type { KeptCalls } from "./kept-calls.ts";
import { type MemoryProfiles, type Prediction, predictPeak, toProfileName } from "./memory-profiles.ts";
import type { SlotRequest } from "./slot-request.ts";

/** Input of every admission decision besides request and devices. */
export type AdmissionContext = {
  readonly profiles: MemoryProfiles;
  readonly rules: Rules;
  readonly nowMs: number;
  /** Whether other requests wait that could run beside this one on the device; see `isCrowded`. Default: none do. */
  readonly isCrowded?: (device: Device) => boolean;
  /** Calls of providers that other requests keep for themselves. */
  readonly keptCalls?: KeptCalls;
};

/** Returns the predicted peak of a request's option on a device. Work without a model is predicted by its estimate. */
export function predictOption(
  device: Device,
  request: SlotRequest,
  index: number,
  { profiles, rules }: Pick<AdmissionContext, "profiles" | "rules">,
): Prediction {
  const estimateBytes = request.options[index]?.peakBytes ?? 0;
  const name = profileNameOf(device, request, index);
  if (name === undefined) return { peakBytes: estimateBytes, isProven: true };
  return predictPeak(profiles.get(name), estimateBytes, rules.unmeasuredFactor);
}

/** Returns whether no other work may run beside an option: its request says so, or no run has proven its prediction. */
export function mustRunAlone(device: Device, request: SlotRequest, index: number, context: AdmissionContext): boolean {
  return request.alone === true || !predictOption(device, request, index, context).isProven;
}

/** Returns the profile name of a request's option on a device; undefined for work without a model and for providers, which have no profile. */
export function profileNameOf(device: Device, request: SlotRequest, optionIndex: number): string | undefined {
  const option = request.options[optionIndex];
  if (request.modelDigest === "" || option === undefined || device.kind === "provider") return undefined;
  const { tilePx, batch } = option;
  const provider = providerOn(device, request.modelDigest);
  return toProfileName({ modelDigest: request.modelDigest, provider, deviceName: device.name, tilePx, batch });
}

/** Returns the provider that a host reports for the model; before the first load the usual provider of the device kind. */
function providerOn(device: Device, modelDigest: string): string {
  for (const owner of device.owners.values()) {
    const model = owner.host?.models.find(({ digest }) => digest === modelDigest);
    if (model !== undefined && model.provider !== "") return model.provider;
  }
  return device.kind === "gpu" ? "cuda" : "cpu";
}
