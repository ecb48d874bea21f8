/** What is checked on each slice of a body. */
import { AnaplanError } from '../../anaplan';

/** The slices of a body, with a check before each that this attempt is still the one at work. */
export async function* alive(stream: AsyncIterable<Buffer>, check: () => void): AsyncGenerator<Buffer> {
  for await (const slice of stream) {
    check();
    yield slice;
  }
}

/** No chunk and no page is empty: an answer without a byte is one that lost them, and is asked for again. */
export async function* filled(stream: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const slice of stream) {
    bytes += slice.length;
    yield slice;
  }
  if (bytes > 0) return;
  throw new AnaplanError(
    `Anaplan answered the request for ${what} without a byte. An empty answer is not taken for content: an existing target stays as it is.`,
    {
      kind: 'body',
      method: 'GET',
      path: '',
      status: 200,
      sent: 'answered',
    },
  );
}
