import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { request } from 'undici';

import { createDispatcher, traced } from '../../src/anaplan/http/dispatcher';

const BODY = Buffer.alloc(3_000_000, 'a');
const TIMEOUTS = { connectMs: 10_000, pollMs: 60_000, headersMs: 10_000, bodyMs: 10_000, completeMs: 10_000 };

/** Answers everything with one head and body, then closes the connection. */
async function closingServer(head: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(`${head}\r\ncontent-length: ${BODY.length}\r\n\r\n`);
      socket.end(BODY);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

// It did: the worker's whole process ended, with everything it was doing.
describe('a server that closes the connection while the disk is slow does not end the worker', () => {
  test.each([['HTTP/1.0 200 OK'], ['HTTP/1.1 200 OK\r\nconnection: close']])('%j', async (head) => {
    const server = await closingServer(head);
    const dispatcher = createDispatcher(TIMEOUTS, true);
    try {
      const { port } = server.address() as AddressInfo;
      const res = await request(`http://127.0.0.1:${port}/`, {
        dispatcher: traced(dispatcher, { started: false }),
      });
      await delay(200);
      let bytes = 0;
      for await (const piece of res.body as AsyncIterable<Buffer>) {
        bytes += piece.length;
        await delay(1);
      }
      expect(bytes).toBe(BODY.length);
    } finally {
      await dispatcher.destroy();
      server.close();
    }
  });
});
