import {
  DeadLetterServiceDefinition,
  type EffectDescription,
  type GetClusterResponse,
  JobServiceDefinition,
  type JobServiceGetStatsResponse,
  type Model,
} from "@pixelmesh/proto";
import { connectRpc, waitForReady } from "@pixelmesh/rpc";
import type { CallOptions } from "./call-options.ts";
import { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
import { createEndings } from "./endings.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import { callPatiently } from "./patience.ts";
import { openClientTls, type TlsOptions } from "./tls.ts";

/** Where the mesh is and how to call it. */
export type ConnectOptions = {
  /** `host:port` of an ingest service, or a `dns:///` name of several. */
  readonly address: string;
  /** Whose jobs these are; default "default". */
  readonly tenant?: string;
  /** Calls are made over TLS where any file is given; default: plaintext. */
  readonly tls?: TlsOptions;
  /** Sent as `authorization: Bearer TOKEN` with every call, where the mesh asks for one. */
  readonly token?: string;
  /** Time for one short call; default 30 s. Uploads and downloads have 15 min, watches no bound. */
  readonly timeoutMs?: number;
  /** Connect through the HTTP proxy that the environment names (`grpc_proxy`, `https_proxy`, `http_proxy`). Default: false. */
  readonly httpProxy?: boolean;
  /** How long calls go on trying while the mesh does not answer; default 30 s. */
  readonly patienceMs?: number;
};

/** A mesh, through the one address a client needs. */
export type Pixelmesh = {
  readonly address: string;
  readonly jobs: Jobs;
  readonly deadLetters: DeadLetters;
  /** Models of all services, or those of one task (`upscale`, `matte`). */
  models(options?: CallOptions & { readonly task?: string }): Promise<readonly Model[]>;
  /** Every effect with its parameters, types and ranges. */
  effects(options?: CallOptions): Promise<readonly EffectDescription[]>;
  /** Services, devices, slots and queues as they stand. */
  cluster(options?: CallOptions): Promise<GetClusterResponse>;
  /** What the mesh has done and holds, all replicas together. */
  stats(options?: CallOptions): Promise<JobServiceGetStatsResponse>;
  /** Makes the connection now rather than with the first call. SERVICE_UNAVAILABLE if that takes longer than `timeoutMs`. */
  ready(timeoutMs?: number): Promise<void>;
  /** Ends the connection; calls that run, and those made after it, fail with CANCELLED. */
  close(): void;
};

/** A connection to a mesh, made on first use and again whenever it is lost. Throws INVALID_ARGUMENT for TLS files that are of no use. */
export function connectPixelmesh(options: ConnectOptions): Pixelmesh {
  const { address, tenant, token, timeoutMs = 30_000, patienceMs = 30_000, httpProxy } = options;
  const tls = openClientTls(options.tls ?? {});
  const tokenOf = token ? () => token : undefined;
  const connection = connectRpc(address, { timeoutMs, tenant, tls, httpProxy, token: tokenOf });
  const rpc = connection.client(JobServiceDefinition);
  const endings = createEndings();
  const patiently = <T>(options: CallOptions, call: (options: CallOptions) => Promise<T>) =>
    endings.call(options, (signal) => callPatiently(() => call({ ...options, signal }), { patienceMs, signal }));
  return {
    address,
    jobs: createJobs(rpc, patienceMs, endings),
    deadLetters: createDeadLetters(connection.client(DeadLetterServiceDefinition), patienceMs, endings),
    models: async ({ task = "", ...options } = {}) =>
      (await patiently(options, (call) => rpc.listModels({ task }, call))).models,
    effects: async (options = {}) => (await patiently(options, (call) => rpc.listEffects({}, call))).effects,
    cluster: (options = {}) => patiently(options, (call) => rpc.getCluster({}, call)),
    stats: (options = {}) => patiently(options, (call) => rpc.getStats({ ownOnly: false }, call)),
    ready: (ms = timeoutMs) => endings.call({}, () => waitForReady(connection, ms)),
    close() {
      endings.close();
      connection.close();
      tls?.close();
    },
  };
}
