export { type CompressionFacts, measureCompression } from "./compression/measure-compression.ts";
export { decodePicture, openEncoded } from "./decode/decode.ts";
export { decodeDamagedJpeg } from "./decode/decode-damaged.ts";
export { inspectPicture } from "./decode/inspect.ts";
export { chooseFormat, findConstantAlpha } from "./encode/choose-format.ts";
export {
  type EncodedPicture,
  type EncodedRaster,
  encodeFrame,
  encodeRaster,
  type StartedEncoding,
  startEncoding,
} from "./encode/encode.ts";
export { parseEncoding, type ResolvedEncoding } from "./encode/parse-encoding.ts";
export { encodeIndexedPng } from "./encode/png/encode-indexed-png.ts";
export { configureImaging, type ImagingOptions } from "./engine/engine.ts";
export { toFormatExtension, toFormatMediaType, toFormatName } from "./formats/format-names.ts";
export { sniffFormat } from "./formats/sniff.ts";
export { type Content, contentOf, toFileContent } from "./frames/content.ts";
export { type Channels, createFrame, type Frame, frameHasAlpha } from "./frames/frame.ts";
export { FRAME_MEDIA_TYPE, readFrameBlob, toFrameBlob } from "./frames/frame-blob.ts";
export { discardRaster } from "./frames/frame-file.ts";
export { createFrameStore, type FrameStore, memoryFrameStore, ownRaster } from "./frames/frame-store.ts";
export type { GrowingContent } from "./frames/growing-content.ts";
export { type FrameFile, isFrameFile, type Raster, rasterBytes, type Shape } from "./frames/raster.ts";
export { createRasterSink, type OpenRows, openRows, type RasterSink, toWholeFrame } from "./frames/raster-rows.ts";
export { copyRows } from "./frames/row-blocks.ts";
export { createFrameSink, createFrameSource, type FrameSink, type RowSink, type RowSource } from "./frames/rows.ts";
export { openSharedFrameStore, type SharedFrameStore, shareFrameStore } from "./frames/shared-frame-store.ts";
export { createSpareMemory, type SpareMemory } from "./frames/spare-memory.ts";
export { assertOutputSize, defaultLimits, type PictureLimits } from "./limits.ts";
export { blurFrame, blurRaster } from "./transform/blur.ts";
export { type ContactSheetOptions, createContactSheet } from "./transform/contact-sheet.ts";
export { type ResizeKernel, resizeFrame, resizeRaster } from "./transform/resize.ts";
