import type { CompatServiceDefinition } from "nice-grpc";

/** Converts between messages and bytes. */
export type MessageCodec = {
  readonly encode: (message: never) => { finish(): Uint8Array };
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly fromPartial: (message: never) => unknown;
};

/** One method of a service that ts-proto generated. */
export type ServiceMethod = {
  /** The method's name in the contract, such as `ApplyEffects`. */
  readonly name: string;
  readonly requestType: MessageCodec;
  readonly requestStream: boolean;
  readonly responseType: MessageCodec;
  readonly responseStream: boolean;
};

/** A service that ts-proto generated. */
export type GeneratedService = {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, ServiceMethod>>;
};

const rawServices = new WeakSet<object>();

/**
 * Returns the service with messages as bytes: a handler gets the bytes of requests and returns those of responses. Requests keep their encoder,
 * by which the server finds the field of a picture and limits the other fields.
 */
export function toRawService(definition: GeneratedService): CompatServiceDefinition {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const requestType = { ...method.requestType, decode: (bytes: Uint8Array) => bytes };
    const responseType = { encode: (bytes: Uint8Array) => ({ finish: () => bytes }), decode: requestType.decode };
    return [key, { ...method, requestType, responseType, options: {} }] as const;
  });
  const raw = { ...definition, methods: Object.fromEntries(methods) };
  rawServices.add(raw);
  return raw as unknown as CompatServiceDefinition;
}

/** Returns the paths (`/package.Service/Method`) of a service that `toRawService` made; none for other services. */
export function rawPathsOf(definition: CompatServiceDefinition): string[] {
  if (!rawServices.has(definition)) return [];
  const { fullName, methods } = definition as unknown as GeneratedService;
  return Object.values(methods).map(({ name }) => `/${fullName}/${name}`);
}
