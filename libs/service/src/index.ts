export { type ServiceConfig, serviceFields } from "./fields.ts";
export { announceReady, type OpenOptions, openBase, openRpc, type ServiceBase } from "./open.ts";
export { runService } from "./run-service.ts";
export { version } from "./version.ts";
