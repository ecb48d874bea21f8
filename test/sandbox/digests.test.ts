/** The digest of a file is the oracle of many tests: it is of what an import would read, whatever came in which order. */
import { createHash } from 'node:crypto';
import { request, type ClientRequest } from 'node:http';
import { SALES_MODEL } from '../../src/sandbox';
import { closeAll, tenant, type Client } from './client';

/** `Load Bulk` reads it: with `uploads: 'digest'` its bytes are never kept. */
const BULK = '113000000003';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

afterEach(closeAll);

/** A PUT whose body is sent in pieces, so that other requests can pass it. */
class SlowPut {
  readonly status: Promise<number>;
  private readonly req: ClientRequest;

  constructor(
    private readonly client: Client,
    private readonly index: number,
    size: number,
  ) {
    this.req = request(`${client.sandbox.url}/2/0/models/${SALES_MODEL}/files/${BULK}/chunks/${index}`, {
      method: 'PUT',
      headers: {
        authorization: `AnaplanAuthToken ${client.token}`,
        'content-type': 'application/octet-stream',
        'content-length': size,
      },
    });
    this.status = new Promise((resolve, reject) => {
      this.req.on('response', (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      });
      this.req.on('error', reject);
    });
  }

  /** Sends a part and waits until the sandbox has it in its hands. */
  async send(part: string): Promise<void> {
    this.req.write(part);
    const path = `/files/${BULK}/chunks/${this.index}`;
    const arrived = () =>
      this.client.sandbox.record.some((r) => r.path.endsWith(path) && r.status === 0 && r.requestBytes > 0);
    while (!arrived()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  end(part: string): Promise<number> {
    this.req.end(part);
    return this.status;
  }
}

describe.each(['disk', 'digest'] as const)('uploads: %s', (uploads) => {
  const begin = async (count: number) => {
    const { sandbox, client } = await tenant({ uploads });
    await client.model('POST', `/files/${BULK}`, { chunkCount: count });
    /** What may be said of the file: its true digest, or where the bytes were not kept that it is not known. */
    const expectWhole = (text: string) => {
      const { sha256: said, bytes } = sandbox.files(BULK) ?? {};
      expect(bytes).toBe(text.length);
      expect(said).toBe(uploads === 'disk' ? sha256(text) : said === null ? null : sha256(text));
    };
    return { sandbox, client, expectWhole };
  };

  test('a chunk that is replaced while a later one is on the wire is in the digest as it was replaced', async () => {
    const { client, expectWhole } = await begin(4);
    await client.put(BULK, 0, 'aa');
    await client.put(BULK, 1, 'old');
    const third = new SlowPut(client, 2, 4);
    await third.send('cc');
    expect(await client.put(BULK, 1, 'new!')).toBe(204);
    expect(await third.end('cc')).toBe(204);
    expectWhole('aanew!cccc');
    await client.put(BULK, 3, 'dd');
    expectWhole('aanew!ccccdd');
  });

  test('of two deliveries of a chunk the one that arrives last counts, in bytes and digest', async () => {
    const { client, expectWhole } = await begin(3);
    await client.put(BULK, 0, 'aa');
    const slow = new SlowPut(client, 1, 4);
    await slow.send('sl');
    expect(await client.put(BULK, 1, 'quick')).toBe(204);
    await client.put(BULK, 2, 'zz', true);
    // All three are there: the upload is complete, so other bytes come too late.
    expect(await slow.end('ow')).toBe(400);
    expectWhole('aaquickzz');
  });

  test('a first chunk that is replaced under two later ones is in the digest', async () => {
    const { client, expectWhole } = await begin(4);
    await client.put(BULK, 0, 'one');
    const second = new SlowPut(client, 1, 2);
    await second.send('b');
    const third = new SlowPut(client, 2, 2);
    await third.send('c');
    await client.put(BULK, 0, 'other');
    await third.end('c');
    await second.end('b');
    expectWhole('otherbbcc');
    await client.put(BULK, 3, '');
    expectWhole('otherbbcc');
  });

  test('a new chunk count forgets what was on the wire for the old one', async () => {
    const { client, sandbox } = await begin(2);
    await client.put(BULK, 0, 'aa');
    const late = new SlowPut(client, 1, 2);
    await late.send('b');
    await client.model('POST', `/files/${BULK}`, { chunkCount: 2 });
    await client.put(BULK, 0, 'new');
    await late.end('b');
    expect(sandbox.files(BULK)).toMatchObject({
      chunks: 1,
      bytes: 3,
      completed: false,
      sha256: sha256('new'),
    });
  });

  test('the same bytes again, in order, keep the digest of a file that nobody stored', async () => {
    const { client, sandbox } = await begin(3);
    for (const [i, part] of ['aa', 'bb', 'aa'].entries()) {
      await client.put(BULK, i, part);
      if (i < 2) await client.put(BULK, i, part);
    }
    expect(sandbox.files(BULK)).toMatchObject({ completed: true, sha256: sha256('aabbaa') });
  });
});

test('chunks that came in any order have their digest, and an empty last chunk is no row', async () => {
  const { client, sandbox } = await tenant();
  await client.model('POST', `/files/${BULK}`, { chunkCount: 3 });
  await client.put(BULK, 2, '');
  await client.put(BULK, 1, '1,a\n2,b\n');
  expect(sandbox.files(BULK)?.sha256).toBeNull();
  await client.put(BULK, 0, 'Key,Value\n');
  expect(sandbox.files(BULK)).toMatchObject({ completed: true, sha256: sha256('Key,Value\n1,a\n2,b\n') });
  await client.run('imports', '112000000003');
  expect(sandbox.rows().bulk).toBe(2);
});
