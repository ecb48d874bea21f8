/** The configuration is wrong. The message is a sentence that names the field and what to do; it holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /**
   * @param path the field, such as `connections.default.password`; empty for the whole
   * @param reason what is wrong with it, in words
   */
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(path === '' ? `Configuration: ${reason}.` : `Configuration, ${path}: ${reason}.`);
  }
}
