export { type PrepareOptions, preparePython } from "./convert/prepare-python.ts";
export { type PythonRun, type PythonRunOptions, runPython } from "./convert/run-python.ts";
export { toTable } from "./format/text.ts";
