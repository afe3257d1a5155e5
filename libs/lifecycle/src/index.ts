export { createLifecycle, type Lifecycle, type LifecycleLog } from "./lifecycle.ts";
export { runMain } from "./run-main.ts";
export { withTimeout } from "./with-timeout.ts";
