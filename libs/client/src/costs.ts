import { type EstimateCostResponse, type JobServiceDefinition, Priority } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import { type JobSettings, toHeader } from "./job-settings.ts";

/** Asks what a job of these settings would cost. */
export function estimateCost(
  rpc: RpcClient<JobServiceDefinition>,
  settings: JobSettings,
  call: { readonly signal?: AbortSignal },
): Promise<EstimateCostResponse> {
  return rpc.estimateCost({ header: toHeader(settings, Priority.INTERACTIVE) }, call);
}
