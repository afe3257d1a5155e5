import { batchRoutes } from "./batch-routes.ts";
import { consoleRoutes } from "./console-routes.ts";
import { createRoutes } from "./create-routes.ts";
import { docsRoutes } from "./docs-routes.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { jobRoutes } from "./job-routes.ts";
import { meshRoutes } from "./mesh-routes.ts";
import { modelRoutes } from "./model-routes.ts";
import { operatorRoutes } from "./operator-routes.ts";
import { pictureRoutes } from "./picture-routes.ts";
import { previewRoutes } from "./preview-routes.ts";
import type { Route } from "./route.ts";

/** Returns every route of the gateway. */
export function allRoutes(parts: GatewayParts): Route[] {
  const api = [
    ...createRoutes(parts),
    ...previewRoutes(parts),
    ...pictureRoutes(parts),
    ...jobRoutes(parts),
    ...batchRoutes(parts),
    ...meshRoutes(parts),
    ...modelRoutes(parts),
    ...operatorRoutes(parts),
  ];
  return [...api, ...docsRoutes(api), ...consoleRoutes()];
}
