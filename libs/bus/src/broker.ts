// The broker as a process, without the client of NATS. A second entry, because the supervisor of a local mesh starts a broker and never calls it.
export { brokerConfigPath } from "./connection/broker-config.ts";
export { type Broker, type BrokerOptions, startBroker } from "./connection/broker-process.ts";
export { busFields } from "./connection/config.ts";
export { fileStoreSize } from "./connection/file-store-size.ts";
