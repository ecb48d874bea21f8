/** The same slices, where the next one is asked for while the last one is worked on. */
export async function* readAhead<T>(slices: AsyncIterable<T>): AsyncGenerator<T> {
  const reader = slices[Symbol.asyncIterator]();
  let next = reader.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = reader.next();
      // Awaited in the next round, unless the consumer stops before.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await reader.return?.();
  }
}
