/** ONNX Runtime's execution providers that are supported, by ONNX Runtime's names. */
export type Provider = "tensorrt" | "cuda" | "webgpu" | "cpu";
