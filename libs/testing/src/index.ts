export { compareFrames, type FrameDifference } from "./compare.ts";
export { compareMatte, type MatteAgreement, toAlpha } from "./compare-matte.ts";
export { freePorts } from "./free-ports.ts";
export { createHostRoot, type HostRoot } from "./host-root.ts";
export { drawTestFrame, loadTestPicture, type TestPicture, testPicture } from "./pictures.ts";
export { frameSsim, type Plane, planeSsim } from "./ssim.ts";
export { findTestData, findTestModels } from "./test-data.ts";
export { startTestMesh, type TestMesh, type TestMeshOptions } from "./test-mesh.ts";
