import { runService } from "@pixelmesh/service";
import { gatewayFields, startGateway } from "./index.ts";

await runService(process, "gateway", gatewayFields, startGateway);
