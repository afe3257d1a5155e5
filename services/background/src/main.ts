import { runService } from "@pixelmesh/service";
import { backgroundFields, startBackground } from "./index.ts";

await runService(process, "background", backgroundFields, startBackground);
