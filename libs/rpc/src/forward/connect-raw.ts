import { createOpenCall } from "../client/call-scope.ts";
import { type ConnectOptions, connectRpc } from "../client/connect.ts";
import { callRaw, type RawCall } from "./raw-call.ts";

/** A connection for calls whose messages are bytes. Several addresses behind a name are used in turn. */
export type RawConnection = {
  /** Calls a method with encoded requests and yields the encoded responses; see `callRaw`. */
  call(call: RawCall): AsyncGenerator<Uint8Array, void, undefined>;
  close(): void;
};

/** Opens a connection to `host:port` or a `dns:///` name, as `connectRpc` does. */
export function connectRaw(address: string, options: ConnectOptions = {}): RawConnection {
  const { channel, close } = connectRpc(address, options);
  const openCall = createOpenCall(address, options);
  return { call: (call) => callRaw(channel, openCall, call), close };
}
