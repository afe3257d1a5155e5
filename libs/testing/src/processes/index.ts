export { type AnswerCall, type HttpReceiver, type ReceivedCall, startHttpReceiver } from "./http-receiver.ts";
export {
  collectable,
  countOpenFiles,
  findGrown,
  listOpen,
  type ProcessMemory,
  readMemory,
  readPeakMemory,
  resetPeakMemory,
} from "./process-memory.ts";
export { type Replica, startReplica } from "./replica.ts";
export { countEnds, countRuns } from "./service-counts.ts";
export { connectTestBus, countStarts, keysLeft } from "./test-bus.ts";
export {
  clients,
  countBlobsOpen,
  countTemps,
  halfABlob,
  halfAJob,
  slowEffects,
  vanish,
} from "./vanishing-clients.ts";
