import { runService } from "@pixelmesh/service";
import { remoteFields, startRemote } from "./index.ts";

await runService(process, "remote", remoteFields, startRemote);
