export { type BoundSettings, type BucketName, defaultBounds, type KeptBucket, toMaxBytes } from "./bounds.ts";
export { type Broker, type BrokerOptions, brokerConfigPath, startBroker } from "./broker.ts";
export {
  type BucketState,
  findKey,
  narrowBucket,
  purgeBelow,
  readBucketState,
  rewriteEntry,
  sequenceFrom,
  sequenceOf,
  widenBucket,
} from "./bucket.ts";
export type { Codec } from "./codec.ts";
export { busFields } from "./config.ts";
export { type Bus, type BusOptions, connectBus, type OnWrite } from "./connect.ts";
export { type ConsumeOptions, type Consumer, consume } from "./consume.ts";
export {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadMessage,
  dropDeadLetter,
  findDeadLetter,
  listDeadLetters,
  matchesFilter,
  publishDeadLetter,
  republishDeadLetter,
} from "./dead-letters.ts";
export { hasFinishedEvent, readJobEvents } from "./event-log.ts";
export { fileStoreSize } from "./file-store-size.ts";
export { findNatsServer } from "./find-nats-server.ts";
export { answerQuestions, type GatherOptions, gatherAnswers } from "./gather.ts";
export { type FedEntry, followKeys, type KeyFeed } from "./key-feed.ts";
export { bidForLease, type LeaseBid } from "./lease.ts";
export { createMessageAges, type MessageAges } from "./message-age.ts";
export { removeOrphans } from "./orphans.ts";
export { hasWork, publishEvent, publishFinished, publishWork } from "./publish.ts";
export { type Backlog, listQueues, type QueueDepth, readBacklog, readBucketSize } from "./queues.ts";
export { announceService, listServices, type ServiceFacts } from "./services.ts";
export {
  type JobSignal,
  publishCancel,
  publishChanged,
  publishProgress,
  publishProgressAsk,
  subscribeCancels,
  subscribeProgressAsks,
  subscribeSignals,
} from "./signals.ts";
export { type Entry, openStore, type Store } from "./store.ts";
export {
  eventConsumer,
  eventSubject,
  partitionOf,
  type WorkService,
  workConsumers,
  workServices,
  workSubject,
  workTemplate,
} from "./subjects.ts";
export { provision } from "./topology.ts";
export { type Delivery, giveBack, type Verdict } from "./verdict.ts";
export { waitForBroker } from "./wait-for-broker.ts";
