/** Where ONNX Runtime can compute, by its own names. */
export type Provider = "tensorrt" | "cuda" | "webgpu" | "cpu";
