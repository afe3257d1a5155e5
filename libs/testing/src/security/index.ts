export { type IssuedFiles, makeTestCa, type TestCa } from "./certificates.ts";
export { makeTestOperator, type TestOperator } from "./nats-operator.ts";
