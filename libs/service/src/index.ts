export {
  type ProcessConfig,
  processFields,
  type ServiceConfig,
  serviceFields,
  tlsVariables,
  transferFields,
} from "./fields.ts";
export {
  announceReady,
  type OpenOptions,
  openBase,
  openProcess,
  openRpc,
  type ProcessBase,
  type ServiceBase,
} from "./open.ts";
export { runService } from "./run-service.ts";
export { openTransfers, type Transfers } from "./transfers.ts";
