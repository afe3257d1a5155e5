export { type ServiceConfig, serviceFields, tlsVariables } from "./fields.ts";
export { announceReady, type OpenOptions, openBase, openRpc, type ServiceBase } from "./open.ts";
export { runService } from "./run-service.ts";
export { version } from "./version.ts";
