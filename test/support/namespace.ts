/** A Temporal namespace for one test file: what several files may share is the server, which takes a second to start. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { Connection, type ConnectionOptions } from '@temporalio/client';
import { google } from '@temporalio/proto';

import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../src/contracts';

/** temporal.api.enums.v1.IndexedValueType.KEYWORD */
const KEYWORD = 2;

/** A server caches its namespaces; one with more than one process can take a while to see a new one. */
const VISIBLE_WITHIN_MS = 60_000;

/** The server of this test run, which the global set-up started. */
export function testAddress(): string {
  const address = process.env['TEST_TEMPORAL_ADDRESS'];
  if (address === undefined)
    throw new Error('TEST_TEMPORAL_ADDRESS is not set: these tests need the global set-up.');
  return address;
}

/** On a busy machine a connection can take far longer than the SDK's 10 s. */
const CONNECT_WITHIN_MS = 120_000;

/** A client's connection to the server of this test run. */
export function testConnection(options: ConnectionOptions = {}): Promise<Connection> {
  return Connection.connect({ address: testAddress(), connectTimeout: CONNECT_WITHIN_MS, ...options });
}

/** A worker's connection to the server of this test run. */
export async function testNativeConnection(options: NativeConnectionOptions = {}): Promise<NativeConnection> {
  const deadline = Date.now() + CONNECT_WITHIN_MS;
  for (;;) {
    try {
      return await NativeConnection.connect({ address: testAddress(), ...options });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(500);
    }
  }
}

/**
 * Makes a namespace that nobody else uses and answers its name. Locks are named after the model, and every sandbox
 * tenant has the same ones: in one namespace a run would wait for the lock of another file, whose worker may be gone.
 */
export async function ownNamespace(searchAttributes: readonly string[] = SEARCH_ATTRIBUTES): Promise<string> {
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const connection = await testConnection();
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: google.protobuf.Duration.fromObject({ seconds: 24 * 3_600 }),
    });
    const deadline = Date.now() + VISIBLE_WITHIN_MS;
    for (;;) {
      try {
        if (searchAttributes.length > 0) {
          await connection.operatorService.addSearchAttributes({
            namespace,
            searchAttributes: Object.fromEntries(searchAttributes.map((name) => [name, KEYWORD])),
          });
        }
        // Passes where runs are started and looked for.
        await connection.workflowService.countWorkflowExecutions({ namespace });
        return namespace;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await delay(100);
      }
    }
  } finally {
    await connection.close();
  }
}
