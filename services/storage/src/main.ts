import { runService } from "@pixelmesh/service";
import { startStorage, storageFields } from "./index.ts";

await runService(process, "storage", storageFields, startStorage);
