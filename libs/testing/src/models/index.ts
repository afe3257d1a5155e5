export { type OnnxGraph, toOnnxBytes } from "@pixelmesh/inference";
export { type Responder, serveCut, serveFile, startModelServer, startProxy } from "./model-server.ts";
export { createDir, digestOf, modelBytes, otherBytes, upscalerEntry } from "./models-dir.ts";
export { type RawPicture, readRaw, resizeStraight, upscaleStraight } from "./straight-upscale.ts";
export {
  createModelsDir,
  createTestLog,
  dataDir,
  identity,
  noise,
  replicatingUpscaler,
  selfDivided,
  smallUpscaler,
  startTestHost,
  weighingUpscaler,
} from "./tiny-models.ts";
