/** What a storage failure is called; the names are those of the public failure types. */
export type StorageErrorType =
  'InvalidInput' | 'SourceNotFound' | 'SourceEmpty' | 'SourceChanged' | 'TargetFailed' | 'TransferCorrupt';

/** What a {@link StorageError} may know besides. */
interface StorageErrorFacts {
  /** What to do, as a sentence. */
  remedy?: string | undefined;
  cause?: unknown;
  transient?: string | undefined;
}

/** A failure of a source or a target. Its message says what happened, to which path, and what to do. */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  /** What to do, where the error knows; the message ends with it. */
  readonly remedy?: string;
  /** Why a later try may succeed, in a few words (`disk full`); absent where trying again is of no use. */
  readonly transient?: string;

  constructor(
    readonly type: StorageErrorType,
    /** What happened, to which path. */
    readonly said: string,
    { remedy, cause, transient }: StorageErrorFacts = {},
  ) {
    super(remedy === undefined ? said : `${said} ${remedy}`, cause === undefined ? undefined : { cause });
    if (remedy !== undefined) this.remedy = remedy;
    if (transient !== undefined) this.transient = transient;
  }
}

/** An InvalidInput failure: what happened, and what to do. */
export function invalid(said: string, remedy?: string, cause?: unknown): StorageError {
  return new StorageError('InvalidInput', said, { remedy, cause });
}

/** The `code` of a Node system error (`ENOENT`, ...), or undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  // Not `instanceof`: errors of Node's own functions belong to another realm where tests run in a context of their own.
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(message);
}

/** What a system error means, and what to do about it. */
const CAUSES: Readonly<Record<string, readonly [what: string, remedy?: string]>> = {
  EACCES: ["the worker's user lacks the permission", 'Grant it, or name another path.'],
  EPERM: ["the worker's user lacks the permission", 'Grant it, or name another path.'],
  EROFS: ['the file system is read-only', 'Name another path.'],
  ENOSPC: ['the file system is full', 'Free some space.'],
  EDQUOT: ['the disk quota is used up', 'Free some space.'],
  EFBIG: ['the file is larger than the file system or the process limit allows'],
  EIO: ['the disk answered with an error', 'Check the device.'],
  EBUSY: ['something else has the file or its file system in use'],
  ETIMEDOUT: ['the network file system does not answer', 'Check the mount.'],
  EMFILE: ['the process has too many open files', 'Raise its limit (ulimit -n).'],
  ENFILE: ['the machine has too many open files'],
  ENOTCONN: ['the network file system is not connected', 'Check the mount.'],
  ESTALE: ['the network file system lost the file', 'Check the mount.'],
  EISDIR: ['it is a directory', 'Name a file in it.'],
  ENOTDIR: ['a part of the path is a file, not a directory', 'Correct the path.'],
  ELOOP: ['its symbolic links run in a circle, or a link stands where a file must', 'Correct the path.'],
  ENAMETOOLONG: ['the name is too long for the file system', 'Choose a shorter one.'],
};

/** Errors that pass by themselves or once somebody acts; the UI shows these words for what is waited for. */
const TRANSIENT: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full',
  EDQUOT: 'disk quota used up',
  EIO: 'disk error',
  EREMOTEIO: 'disk error',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENOMEM: 'out of memory',
  EAGAIN: 'file system busy',
  EBUSY: 'file system busy',
  ENOLCK: 'file system busy',
  EINTR: 'file system busy',
  ESTALE: 'network file system lost the file',
  ETIMEDOUT: 'network file system does not answer',
  ENOTCONN: 'network file system does not answer',
  ECONNRESET: 'network file system does not answer',
  EHOSTDOWN: 'network file system does not answer',
  EHOSTUNREACH: 'network file system does not answer',
  ENETDOWN: 'network file system does not answer',
  ENETUNREACH: 'network file system does not answer',
};

/** What is waited for where a system error may pass; undefined where it will not. */
export function transientOf(error: unknown): string | undefined {
  return TRANSIENT[errnoOf(error) ?? ''];
}

/** A system error in words: ours where we know some, else the system's own. */
export function reasonOf(error: unknown): string {
  const code = errnoOf(error) ?? '';
  const what = CAUSES[code]?.[0];
  return what === undefined ? messageOf(error) : `${what} (${code})`;
}

/** What to do about a system error, where we know. */
export function remedyOf(error: unknown): string | undefined {
  return CAUSES[errnoOf(error) ?? '']?.[1];
}

/** Errors that the caller caused by the path alone, whatever was going to be done with it. */
const PATH_ERRORS = new Set(['ENAMETOOLONG', 'ELOOP', 'EISDIR', 'ENOTDIR']);

const REFUSALS = new Set([...PATH_ERRORS, 'EACCES', 'EPERM']);

/**
 * The typed failure of an operation on a source; a `StorageError` passes unchanged.
 *
 * @param where for a source that is not there: where it was looked for
 */
export function sourceError(error: unknown, path: string, where?: string): StorageError {
  if (error instanceof StorageError) return error;
  const code = errnoOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new StorageError(
      'SourceNotFound',
      `The source ${path} does not exist${where === undefined ? '' : ` (${where})`}.`,
      {
        remedy: "Correct the path, or put the file there (paths are those of the worker's host).",
        cause: error,
      },
    );
  }
  // The path is at fault where the system refuses it; otherwise (EIO, ESTALE, EMFILE ...) the reading is.
  const type = code !== undefined && REFUSALS.has(code) ? 'InvalidInput' : 'TransferCorrupt';
  return new StorageError(type, `The source ${path} cannot be read: ${reasonOf(error)}.`, {
    remedy: remedyOf(error),
    cause: error,
    transient: transientOf(error),
  });
}

/** The failure for a source that is not the pinned version any more. */
export function sourceChanged(name: string, cause?: unknown): StorageError {
  const gone = errnoOf(cause) === 'ENOENT' ? 'was removed' : 'changed';
  const why = cause === undefined || gone === 'was removed' ? '' : ` (${reasonOf(cause)})`;
  return new StorageError('SourceChanged', `The source ${name} ${gone} since the run started${why}.`, {
    remedy: 'Start the run again once nothing writes to it any more.',
    cause,
  });
}

/** The typed failure of an operation on a target; a `StorageError` passes unchanged. */
export function targetError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const type = PATH_ERRORS.has(errnoOf(error) ?? '') ? 'InvalidInput' : 'TargetFailed';
  return new StorageError(type, `The target ${path} cannot be written: ${reasonOf(error)}.`, {
    remedy: remedyOf(error),
    cause: error,
    transient: transientOf(error),
  });
}
