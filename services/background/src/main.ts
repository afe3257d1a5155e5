import { runService } from "@pixelmesh/service";
import { backgroundFields, startBackground } from "./index.ts";

// The chart's init container: pulls models and serves nothing.
if (process.argv.some((arg) => arg.startsWith("--pull-models"))) {
  const { runPullModels } = await import("@pixelmesh/models");
  await runPullModels(process, "background");
} else await runService(process, "background", backgroundFields, startBackground);
