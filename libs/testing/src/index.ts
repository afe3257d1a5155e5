export { compareFrames, type FrameDifference } from "./compare.ts";
export { drawTestFrame, loadTestPicture, type TestPicture, testPicture } from "./pictures.ts";
export { frameSsim } from "./ssim.ts";
export { findTestData, findTestModels } from "./test-data.ts";
export { startTestMesh, type TestMesh, type TestMeshOptions } from "./test-mesh.ts";
