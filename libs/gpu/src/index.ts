export { type Gpu, type GpuReader, type GpuReaderOptions, startGpuReader } from "./reader.ts";
export type { GpuLog } from "./watch-gpus.ts";
