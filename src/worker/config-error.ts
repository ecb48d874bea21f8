/** The configuration is wrong. The message is a sentence that names the field and what to do; it holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /**
   * @param path the field, such as `connections.default.password`; empty for the whole
   * @param reason what is wrong with it, in words
   * @param file the configuration file that was read, where there was one
   */
  constructor(
    readonly path: string,
    readonly reason: string,
    readonly file?: string,
  ) {
    const where = file === undefined || reason.includes(file) ? '' : ` The file is ${file}.`;
    super(`Configuration${path === '' ? '' : `, ${path}`}: ${reason}.${where}`);
  }
}

/** Does something with a configuration; what is wrong with it names the file that it was read from. */
export function namingFile<T>(file: string | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigError) || error.file !== undefined || file === undefined) throw error;
    throw new ConfigError(error.path, error.reason, file);
  }
}
