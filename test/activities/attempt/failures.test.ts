/** What a person is told to do about what Anaplan, or the way there, refused. */
import { AnaplanError } from '../../../src/anaplan';
import { refuse } from '../../../src/activities/attempt/failures';

test.each(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID'])(
  'a server certificate that is not trusted (%s) says how it can be',
  (code) => {
    const error = new AnaplanError('POST /token/authenticate got no answer: no trust.', {
      kind: 'network',
      method: 'POST',
      path: '/token/authenticate',
      sent: 'no',
      code,
    });
    const failure = refuse('Preparing uploadImport', error);
    expect(failure).toMatchObject({ type: 'NetworkError', nonRetryable: true });
    expect(failure.message).toMatch(/no trust\. Let the worker trust the certificate: .*NODE_EXTRA_CA_CERTS/);
    expect(failure.details).toMatchObject([
      { remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string },
    ]);
  },
);
