export {
  addressVariable,
  drainOrder,
  localAddress,
  type ModelRole,
  modelRoles,
  type Role,
  type RoleName,
  roleNames,
  roles,
  type WorkerRole,
  workerRoles,
} from "./roles.ts";
export { version } from "./version.ts";
