/** Methods whose calls stay open as long as both sides like: no deadline, ended by the server when it stops. */
const endless: ReadonlySet<string> = new Set([
  "/pixelmesh.scheduler.v1.SchedulerService/HoldSlot",
  "/pixelmesh.scheduler.v1.SchedulerService/AttachDevice",
  "/pixelmesh.jobs.v1.JobService/WatchJob",
  "/pixelmesh.jobs.v1.JobService/WatchBatch",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
]);

/** Whether calls of this method (`/package.Service/Method`) have no natural end. */
export function isEndless(path: string): boolean {
  return endless.has(path);
}

/** Whether a call tells something by how long it lasts: HoldSlot does, as long as a slot is held; health and watches do not. */
export function isTraced(path: string): boolean {
  return !path.startsWith("/grpc.") && (!endless.has(path) || path.endsWith("/HoldSlot"));
}
