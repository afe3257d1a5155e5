import { runService } from "@pixelmesh/service";
import { schedulerFields, startScheduler } from "./index.ts";

await runService(process, "scheduler", schedulerFields, startScheduler);
