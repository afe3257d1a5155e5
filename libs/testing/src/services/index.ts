export { emptyServiceCommand, sourceFlags } from "./empty-service-command.ts";
