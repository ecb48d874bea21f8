/** In a file of its own, which only what has a connection imports. */
import { arrayFromPayloads, type LoadedDataConverter, type Payload } from '@temporalio/common';

/** What payloads hold, read with the codecs and the converter of a connection. Rejects where these cannot read them. */
export async function decodePayloads(
  { payloadCodecs, payloadConverter }: Pick<LoadedDataConverter, 'payloadCodecs' | 'payloadConverter'>,
  payloads: readonly Payload[] | null | undefined,
): Promise<unknown[]> {
  let decoded = [...(payloads ?? [])];
  for (const codec of [...payloadCodecs].reverse()) decoded = await codec.decode(decoded);
  return arrayFromPayloads(payloadConverter, decoded);
}
