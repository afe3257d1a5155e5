import { type ConfigOf, field } from "@pixelmesh/config";

/** Settings of a shared store in an S3 bucket. They count only if the address of the store begins with `s3://`. */
export const s3Fields = {
  s3Endpoint: field.text(
    "PIXELMESH_STORAGE_S3_ENDPOINT",
    "",
    "Address of the S3 server, such as https://minio:9000. Empty: AWS.",
  ),
  s3Region: field.text(
    "PIXELMESH_STORAGE_S3_REGION",
    "",
    "Region of the bucket; `auto` for Cloudflare R2. Empty: AWS_REGION or the profile's; with an endpoint us-east-1.",
  ),
  s3Style: field.choice(
    "PIXELMESH_STORAGE_S3_STYLE",
    ["auto", "path", "host"],
    "auto",
    "Whether the bucket stands in the path or the host of addresses. auto: in the path with an endpoint, in the host without.",
  ),
  s3Checksum: field.choice(
    "PIXELMESH_STORAGE_S3_CHECKSUM",
    ["sha256", "none"],
    "sha256",
    "Checksum that the server compares on arrival. none: for servers that refuse it; the signature still covers the bytes over http.",
  ),
  s3StorageClass: field.text(
    "PIXELMESH_STORAGE_S3_CLASS",
    "",
    "Storage class of new objects, such as STANDARD_IA. Empty: the bucket's.",
  ),
  s3Encryption: field.choice(
    "PIXELMESH_STORAGE_S3_ENCRYPTION",
    ["bucket", "AES256", "aws:kms"],
    "bucket",
    "Encryption at rest of new objects. bucket: as the bucket is set up.",
  ),
  s3KmsKey: field.text(
    "PIXELMESH_STORAGE_S3_KMS_KEY",
    "",
    "Key id for PIXELMESH_STORAGE_S3_ENCRYPTION=aws:kms. Empty: the account's key for S3.",
  ),
  s3PartBytes: field.byteSize(
    "PIXELMESH_STORAGE_S3_PART",
    "8MiB",
    "Blobs above this size are sent in parts of this size.",
    {
      min: 5 * 1024 * 1024,
      max: 1024 * 1024 * 1024,
    },
  ),
  s3UploadMemoryBytes: field.byteSize(
    "PIXELMESH_STORAGE_S3_UPLOAD_MEMORY",
    "96MiB",
    "Memory of all blobs on their way to S3. A large blob takes three parts.",
    { min: 16 * 1024 * 1024 },
  ),
  s3Connections: field.integer("PIXELMESH_STORAGE_S3_CONNECTIONS", "32", "Most connections to S3 at once.", {
    min: 1,
    max: 1_000,
  }),
  s3ConnectMs: field.duration("PIXELMESH_STORAGE_S3_CONNECT_TIMEOUT", "3s", "Longest wait for a connection.", {
    min: 50,
  }),
  s3FirstByteMs: field.duration(
    "PIXELMESH_STORAGE_S3_FIRST_BYTE_TIMEOUT",
    "10s",
    "Longest wait for the beginning of an answer to a request without a body.",
    { min: 50 },
  ),
  s3StallMs: field.duration(
    "PIXELMESH_STORAGE_S3_STALL_TIMEOUT",
    "10s",
    "Longest pause between two chunks of a blob that is read.",
    { min: 50 },
  ),
  s3PartMs: field.duration(
    "PIXELMESH_STORAGE_S3_PART_TIMEOUT",
    "60s",
    "Longest time of one attempt to send a small blob or a part, with its answer.",
    { min: 50 },
  ),
  s3WholeMs: field.duration(
    "PIXELMESH_STORAGE_S3_TIMEOUT",
    "5m",
    "Longest time of a call with all its attempts. Of a read only the waits for S3 count.",
    { min: 100 },
  ),
  s3Attempts: field.integer("PIXELMESH_STORAGE_S3_ATTEMPTS", "4", "Most attempts of a request.", { min: 1, max: 20 }),
  s3RetryBudget: field.integer(
    "PIXELMESH_STORAGE_S3_RETRY_BUDGET",
    "100",
    "Retries that all calls together may make; ten successful requests give one back.",
    { min: 0, max: 100_000 },
  ),
} as const;

/** Settings of an S3 store: `address` is `s3://bucket/prefix`. */
export type S3Settings = ConfigOf<typeof s3Fields> & { readonly address: string };
