export type { S3Bucket, S3Object, S3Upload } from "./bucket.ts";
export type { S3Fault } from "./faults.ts";
export type { S3Operation, S3Signing } from "./s3-request.ts";
export { type S3LogLine, type S3Server, type S3ServerOptions, startS3Server } from "./s3-server.ts";
