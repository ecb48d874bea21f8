/** What a storage failure is called; the names are those of the public failure types. */
export type StorageErrorType =
  'InvalidInput' | 'SourceNotFound' | 'SourceEmpty' | 'SourceChanged' | 'TargetFailed' | 'TransferCorrupt';

/** A failure of a source or a target. Its message says what happened, to which path, and what to do. */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  constructor(
    readonly type: StorageErrorType,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
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

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "the worker's user lacks the permission: grant it, or name another path",
  EPERM: "the worker's user lacks the permission: grant it, or name another path",
  EROFS: 'the file system is read-only: name another path',
  ENOSPC: 'the file system is full: free some space and start the run again',
  EDQUOT: 'the disk quota is used up: free some space and start the run again',
  EFBIG: 'the file is larger than the file system or the process limit allows',
  EIO: 'the disk answered with an error: check the device',
  EMFILE: 'the process has too many open files: raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many open files',
  ESTALE: 'the network file system lost the file: check the mount',
  EISDIR: 'it is a directory: name a file in it',
  ENOTDIR: 'a part of the path is a file, not a directory: correct the path',
  ELOOP: 'its symbolic links run in a circle, or a link stands where a file must: correct the path',
  ENAMETOOLONG: 'the name is too long for the file system: choose a shorter one',
};

/** A sentence for a system error: the remedy where we know one, else the system's own words. */
export function reasonOf(error: unknown): string {
  const code = errnoOf(error);
  const remedy = code === undefined ? undefined : REMEDIES[code];
  if (code !== undefined && remedy !== undefined) return `${remedy} (${code})`;
  return messageOf(error);
}

/** Errors that the caller caused by the path alone, whatever was going to be done with it. */
const PATH_ERRORS = new Set(['ENAMETOOLONG', 'ELOOP', 'EISDIR', 'ENOTDIR']);

const REFUSALS = new Set([...PATH_ERRORS, 'EACCES', 'EPERM']);

/** The typed failure of an operation on a source; a `StorageError` passes unchanged. */
export function sourceError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const code = errnoOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new StorageError(
      'SourceNotFound',
      `The source ${path} does not exist: correct the path, or put the file there (paths are those of the worker's host).`,
      { cause: error },
    );
  }
  // The path is at fault where the system refuses it; otherwise (EIO, ESTALE, EMFILE ...) the reading is.
  const type = code !== undefined && REFUSALS.has(code) ? 'InvalidInput' : 'TransferCorrupt';
  return new StorageError(type, `The source ${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
}

/** The typed failure of an operation on a target; a `StorageError` passes unchanged. */
export function targetError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const type = PATH_ERRORS.has(errnoOf(error) ?? '') ? 'InvalidInput' : 'TargetFailed';
  return new StorageError(type, `The target ${path} cannot be written: ${reasonOf(error)}.`, {
    cause: error,
  });
}
