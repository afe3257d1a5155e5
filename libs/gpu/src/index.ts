export { type Gpu, type GpuLog, type GpuReader, type GpuReaderOptions, startGpuReader } from "./reader.ts";
