export { startIdleCollection } from "./idle-memory.ts";
export { createLifecycle, type Lifecycle, type LifecycleLog } from "./lifecycle.ts";
export { moduleBeside, nodeFlags } from "./module-beside.ts";
export { createPace, type Pace } from "./pace.ts";
export { runMain } from "./run-main.ts";
export { serveThread, type ThreadContext } from "./serve-thread.ts";
export { createThreads, type Threads } from "./threads.ts";
export { withTimeout } from "./with-timeout.ts";
