import { runService } from "@pixelmesh/service";
import { ingestFields, startIngest } from "./index.ts";

await runService(process, "ingest", ingestFields, startIngest);
