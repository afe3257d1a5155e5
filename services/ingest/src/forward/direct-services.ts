import { AppError } from "@pixelmesh/errors";
import { BackgroundServiceDefinition, EffectsServiceDefinition, UpscaleServiceDefinition } from "@pixelmesh/proto";
import {
  type CallContext,
  connectRaw,
  type GeneratedService,
  type RpcServerOptions,
  readBearerToken,
  toRawService,
} from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import type { ServiceBase, Transfers } from "@pixelmesh/service";
import { createGate } from "../admission/create-gate.ts";
import type { IngestConfig } from "../config.ts";
import { streamWindowBytes } from "./bound-memory.ts";
import { createForwardHandlers, type ForwardHooks } from "./forward-service.ts";
import { createPreviewHooks, type PreviewParts } from "./preview-hooks.ts";

/** The services whose calls without a job ingest passes on. A new rpc of them is served at once; a new service is one more entry. */
export const directServices = {
  effects: EffectsServiceDefinition,
  upscale: UpscaleServiceDefinition,
  background: BackgroundServiceDefinition,
} as const satisfies Readonly<Record<string, GeneratedService>>;

/** Dependencies of `openDirectServices`. */
export type DirectParts = PreviewParts & {
  readonly base: ServiceBase;
  readonly transfers: Transfers;
  /** Undefined: every caller may load and unload models. */
  readonly operators: Tokens | undefined;
  readonly config: IngestConfig;
};

/** The forwarded services, for the server of ingest. */
export type DirectServices = Required<Pick<RpcServerOptions, "callLimits" | "serviceNames" | "register">>;

/** Connects to the services of direct calls and creates their handlers; the lifecycle closes the connections. */
export function openDirectServices(parts: DirectParts): DirectServices {
  const { base, transfers, config } = parts;
  const { tls, metrics, life } = base;
  const modelHooks = createModelHooks(parts.operators);
  const hooks = { effects: createPreviewHooks(parts), upscale: modelHooks, background: modelHooks };
  const addresses = {
    effects: config.effectsAddress,
    upscale: config.upscaleAddress,
    background: config.backgroundAddress,
  };
  const names = Object.keys(directServices) as (keyof typeof directServices)[];
  const services = names.map((name) => {
    const httpProxy = base.config.rpcHttpProxy;
    const connection = connectRaw(addresses[name], { tls, metrics, httpProxy, streamWindowBytes });
    life.defer(`direct calls to ${name}`, async () => connection.close());
    return { name, definition: directServices[name] as GeneratedService, connection, hooks: hooks[name] };
  });
  const gate = createGate(
    config.maxDirectCalls,
    () => {},
    (calls) => `passes on ${calls} calls`,
  );
  const paths = services.flatMap(({ definition: { fullName, methods } }) =>
    Object.values(methods).map(({ name }) => `/${fullName}/${name}`),
  );
  return {
    callLimits: Object.fromEntries(paths.map((path) => [path, gate])),
    serviceNames: services.map(({ definition }) => definition.fullName),
    register(server) {
      for (const service of services)
        server.add(toRawService(service.definition), createForwardHandlers(service, transfers) as never);
    },
  };
}

/** Only operators may load and unload models, where there are operators: models take memory that all tenants share. */
function createModelHooks(operators: Tokens | undefined): Readonly<Record<string, ForwardHooks>> {
  function authorize({ metadata }: CallContext): void {
    const token = readBearerToken(metadata);
    if (!operators || (token !== undefined && operators.has(token))) return;
    throw new AppError("UNAUTHENTICATED", "Expected the token of an operator for loading and unloading models");
  }
  return { loadModel: { authorize }, unloadModel: { authorize } };
}
