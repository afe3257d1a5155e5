export {
  addressVariable,
  brokerRoles,
  drainOrder,
  jobRoles,
  localAddress,
  type ModelRole,
  modelRoles,
  portVariable,
  type Role,
  type RoleName,
  roleNames,
  roles,
  startedRoles,
  startSetting,
  type WorkerRole,
  workerRoles,
} from "./roles.ts";
export { version } from "./version.ts";
