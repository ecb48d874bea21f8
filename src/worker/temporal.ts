import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { ConfigError } from './config-error';

/** The address the SDK uses when nothing names one. */
const DEFAULT_ADDRESS = 'localhost:7233';

/** Flags that win over `TEMPORAL_*` and `temporal.toml`. */
export interface TemporalFlags {
  address?: string;
  namespace?: string;
  profile?: string;
}

/** Temporal cannot be reached or refuses us. The message is a sentence with a remedy. */
export class TemporalUnavailableError extends Error {
  override readonly name = 'TemporalUnavailableError';
}

/**
 * Connects a worker to Temporal, by the SDK's standard environment and `temporal.toml` profiles.
 *
 * @throws TemporalUnavailableError, ConfigError
 */
export async function connectWorker(
  flags: TemporalFlags = {},
): Promise<{ connection: NativeConnection; namespace: string; address: string }> {
  let address = flags.address ?? DEFAULT_ADDRESS;
  const config = temporalConfig(flags.profile);
  try {
    address = flags.address ?? config.connectionOptions.address ?? DEFAULT_ADDRESS;
    const connection = await NativeConnection.connect({ ...config.connectionOptions, address });
    return { connection, namespace: flags.namespace ?? config.namespace ?? 'default', address };
  } catch (error) {
    const refused = keyPairFault(error);
    if (refused !== undefined) {
      throw new ConfigError(
        '',
        `the certificate or key for Temporal cannot be used (${refused}): correct TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (or _DATA), or temporal.toml: PEM files that belong together`,
      );
    }
    throw new TemporalUnavailableError(
      `Temporal cannot be reached at ${address} (${firstLine(error)}). ` +
        'Start it there ("temporal server start-dev" on one machine), or set TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and, ' +
        'where it needs them, TEMPORAL_API_KEY or the TLS files.',
      { cause: error },
    );
  }
}

/** What `TEMPORAL_*` and `temporal.toml` say. @throws ConfigError for what cannot be used of it */
function temporalConfig(profile: string | undefined): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig(profile === undefined ? {} : { profile });
  } catch (error) {
    throw new ConfigError(
      '',
      `that of Temporal cannot be used (${firstLine(error)}): correct --profile (TEMPORAL_PROFILE), the other TEMPORAL_ variables or temporal.toml`,
    );
  }
}

/** What Core's TLS says of a certificate and key that it refuses before anything is sent; undefined for other errors. */
function keyPairFault(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : '';
  return /^tonic::transport::Error\(Transport, (InconsistentKeys|InvalidCertificate|NoCertificatesPresented|PrivateKeyParseError)\b/.exec(
    text,
  )?.[1];
}

function firstLine(error: unknown): string {
  const full = error instanceof Error ? error.message : String(error);
  // Core prints its whole error structure; the system's words are inside.
  const message = /message: "([^"]+)"/.exec(full)?.[1] ?? full;
  return (message.split('\n', 1)[0] ?? '').replace(/\.$/, '').slice(0, 300);
}
