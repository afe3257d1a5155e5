import { runService } from "@pixelmesh/service";
import { isPullingModels, runPullModels } from "@pixelmesh/worker";
import { backgroundFields, startBackground } from "./index.ts";

if (isPullingModels(process.argv)) await runPullModels(process, "background");
else await runService(process, "background", backgroundFields, startBackground);
