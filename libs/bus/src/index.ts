export { brokerConfigPath } from "./connection/broker-config.ts";
export { type Broker, type BrokerOptions, startBroker } from "./connection/broker-process.ts";
export type { Codec } from "./connection/codec.ts";
export { busFields } from "./connection/config.ts";
export { type Bus, type BusOptions, connectBus, type OnWrite } from "./connection/connect.ts";
export { fileStoreSize } from "./connection/file-store-size.ts";
export { findNatsServer } from "./connection/find-nats-server.ts";
export { waitForBroker } from "./connection/wait-for-broker.ts";
export { type Acknowledgement, type Delivery, nakWithBackoff } from "./consume/acknowledgement.ts";
export { type ConsumeOptions, type Consumer, consume } from "./consume/consume.ts";
export { createMessageAges, type MessageAges } from "./consume/message-age.ts";
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
} from "./kv/bucket-size.ts";
export { type FedEntry, followKeys, type KeyFeed, type KeyFeedOptions } from "./kv/key-feed.ts";
export { bidForLease, type LeaseBid } from "./kv/lease.ts";
export { announceService, listServices, type ServiceFacts } from "./kv/service-registry.ts";
export { type Entry, openStore, type Store } from "./kv/store.ts";
export { readLastRevision, readNextEntry, type WalkedEntry } from "./kv/walk-bucket.ts";
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
} from "./publish/dead-letters.ts";
export { announceStart, type EventInbox, openEventInbox, sendEvent } from "./publish/direct-events.ts";
export { readJobEvents } from "./publish/event-log.ts";
export { answerRequests, type GatherOptions, gatherAnswers } from "./publish/gather.ts";
export { hasWork, publishEvent, publishWork } from "./publish/publish.ts";
export {
  type JobSignal,
  publishCancel,
  publishChanged,
  publishProgress,
  publishProgressRequest,
  subscribeCancels,
  subscribeProgressRequests,
  subscribeSignals,
} from "./publish/signals.ts";
export { provision } from "./topology/provision.ts";
export { type Backlog, listQueues, type QueueDepth, readBacklog, readBucketSize } from "./topology/queue-depths.ts";
export { removeOrphans } from "./topology/remove-orphans.ts";
export {
  type BoundedBucket,
  type BoundSettings,
  type BucketName,
  defaultBounds,
  type EvictableBucket,
  toMaxBytes,
} from "./topology/stream-bounds.ts";
export { uploadTtlMs } from "./topology/stream-plans.ts";
export {
  eventConsumer,
  eventSubject,
  partitionOf,
  workConsumers,
  workSubject,
  workTemplate,
} from "./topology/subjects.ts";
