import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/**
 * Connects to an origin or a proxy. A connection that is given up is reset instead of closed: the system would go on
 * delivering what was written to a closed one, on a machine without network for up to a quarter of an hour, and a chunk or
 * the start of a task would arrive long after somebody else had taken the run over.
 * @param timeoutMs - until the connection stands, and again until TLS does
 * @param tls - whom to trust, where that is not Node's own list
 */
export function resettingConnector(
  timeoutMs: number,
  tls: buildConnector.BuildOptions = {},
): buildConnector.connector {
  const toTcp = buildConnector({ timeout: timeoutMs });
  const toTls = buildConnector({ ...tls, timeout: timeoutMs });
  return (options, callback) => {
    // Only the TCP socket itself can be reset, so TLS is put on top of it in a second step.
    toTcp({ ...options, protocol: 'http:' }, (...[error, socket]) => {
      if (error !== null || socket === null) {
        callback(error ?? new Error('no socket'), null);
        return;
      }
      resetOnDestroy(socket);
      if (options.protocol === 'https:') toTls({ ...options, httpSocket: socket }, callback);
      else callback(null, socket);
    });
  };
}

function resetOnDestroy(socket: Socket): void {
  const destroy = socket.destroy.bind(socket);
  let why: Error | undefined;
  let resetting = false;
  socket.destroy = (error?: Error) => {
    if (resetting || socket.destroyed) return destroy(why ?? error);
    resetting = true;
    why = error;
    // Calls `destroy` in its turn.
    return socket.resetAndDestroy();
  };
}
