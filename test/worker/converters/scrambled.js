'use strict';
// A payload converter of a user's own: JSON whose bytes are no JSON any more.
const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);

const ENCODING = 'json/scrambled';
const scrambled = (bytes) => bytes.map((byte) => byte ^ 0x5a);

exports.payloadConverter = {
  toPayload: (value) => ({
    metadata: { encoding: encode(ENCODING) },
    data: scrambled(encode(JSON.stringify({ value }))),
  }),
  fromPayload: (payload) => {
    const encoding = decode(payload.metadata.encoding);
    if (encoding !== ENCODING) throw new Error(`A payload that is ${encoding}`);
    return JSON.parse(decode(scrambled(payload.data))).value;
  },
};
