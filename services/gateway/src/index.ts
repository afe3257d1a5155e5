export { type GatewayConfig, gatewayFields } from "./config.ts";
export { startGateway } from "./server.ts";
