import { runService } from "@pixelmesh/service";
import { effectsFields, startEffects } from "./index.ts";

await runService(process, "effects", effectsFields, startEffects);
