import type { ServerInterceptor } from "@grpc/grpc-js";

type InnermostCall = Parameters<ServerInterceptor>[1];

/** Requests of a call that may be in memory before its handler has taken them. grpc-js alone reads 16 ahead. */
export const maxUntakenRequests = 2;

const takers = new WeakMap<object, () => void>();

/**
 * Limits how many requests of this innermost call are read ahead of its handler, to 2. `takeRequest` must see every request that the handler
 * takes. For handlers that pass requests on, or write them to a disk: a slow receiver then slows down the sender.
 */
export function limitReadAhead(call: InnermostCall): void {
  const start = call.start.bind(call);
  const startRead = call.startRead.bind(call);
  let untaken = 0;
  let isWaiting = false;
  const onTaken = () => {
    untaken -= 1;
    if (!isWaiting) return;
    isWaiting = false;
    startRead();
  };
  call.startRead = () => {
    if (untaken < maxUntakenRequests) startRead();
    else isWaiting = true;
  };
  call.start = (listener) =>
    start({
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage(message) {
        untaken += 1;
        takers.set(message, onTaken);
        listener.onReceiveMessage(message);
      },
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      onCancel: () => listener.onCancel(),
    });
}

/** Yields the requests of a call whose read-ahead is limited, and notes each as taken. */
export async function* takeEach<Request>(requests: AsyncIterable<Request>): AsyncGenerator<Request, void, undefined> {
  for await (const request of requests) {
    takeRequest(request);
    yield request;
  }
}

/** Notes that a handler takes a request, so that its call may read the next one. */
export function takeRequest(request: unknown): void {
  if (typeof request !== "object" || request === null) return;
  const onTaken = takers.get(request);
  takers.delete(request);
  onTaken?.();
}
