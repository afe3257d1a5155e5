import { AppError } from "@pixelmesh/errors";
import { didYouMean } from "@pixelmesh/flag-values";
import type { Model } from "@pixelmesh/proto";
import type { FastifyRequest } from "fastify";
import { ingestCallOf } from "../http/request-scope.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { jsonResponse, pathValue, type Route, ref } from "./route.ts";

const tag = "Models";
const parameters = { name: { description: "Name of the model.", schema: { type: "string" } } };
/** Time for loading a model, which may be large. */
const loadTimeoutMs = 120_000;

/** The routes that load and unload models. */
export function modelRoutes({ clients }: GatewayParts): Route[] {
  const load = (pin: boolean) => async (request: FastifyRequest) => {
    const { service, call } = await find(request, clients);
    return await service.loadModel({ name: pathValue(request, "name"), pin }, { ...call, timeoutMs: loadTimeoutMs });
  };
  return [
    {
      method: "POST",
      path: "/v1/models/{name}:load",
      id: "loadModel",
      tag,
      summary: "Load a model before its first use",
      parameters,
      responses: { 200: jsonResponse("What was loaded", ref("LoadModelResponse")) },
      handle: load(false),
    },
    {
      method: "POST",
      path: "/v1/models/{name}:pin",
      id: "pinModel",
      tag,
      summary: "Load a model and keep it in memory until it is unloaded",
      parameters,
      responses: { 200: jsonResponse("What was loaded", ref("LoadModelResponse")) },
      handle: load(true),
    },
    {
      method: "POST",
      path: "/v1/models/{name}:unload",
      id: "unloadModel",
      tag,
      summary: "Unload a model after the run in progress",
      parameters,
      responses: { 200: jsonResponse("What was unloaded", ref("UnloadModelResponse")) },
      async handle(request) {
        const { service, call } = await find(request, clients);
        return await service.unloadModel({ name: pathValue(request, "name") }, call);
      },
    },
  ];
}

/** Finds the service that has the model of the path. Throws UNKNOWN_MODEL with the nearest name. */
async function find(request: FastifyRequest, { jobs, upscale, background }: IngestClients) {
  const call: IngestCall = ingestCallOf(request);
  const name = pathValue(request, "name");
  const models: readonly Model[] = (await jobs.listModels({ task: "" }, call)).models;
  const model = models.find((each) => each.name === name);
  if (!model) {
    const known = models.map((each) => each.name);
    throw new AppError("UNKNOWN_MODEL", `There is no model \`${name.slice(0, 64)}\`${didYouMean(name, known)}`);
  }
  return { service: model.task === "matte" ? background : upscale, call };
}
