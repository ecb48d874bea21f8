import { Option, type Command } from 'commander';
import { compact, EXIT } from '../../contracts';
import type { ConfigOverrides, LogFormat } from '../../worker';
import type { CliDeps, Exit } from '../deps';
import { countOption } from '../parse';
import { temporalFlags, type TemporalFlags } from '../shared-flags';

/** Flags of `worker`. */
export interface WorkerFlags extends TemporalFlags {
  root?: string[];
  dumps?: string;
  transferSlots?: number;
  logFormat: LogFormat;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** `anaplan-temporal worker` */
export function workerCommand(command: Command, run: (flags: WorkerFlags) => Promise<void>): Command {
  return temporalFlags(
    command
      .description(
        'Run workflows and activities until stopped (SIGTERM hands over what runs to other workers)',
      )
      .option(
        '--root <[name=]dir>',
        'directory below which local files may be read and written, as NAME:PATH; the first one is "default"; repeatable (default: here)',
        (dir: string, before: string[] = []) => [...before, dir],
      )
      .option(
        '--dumps <dir>',
        'where failure dumps go when a run does not say (default: dumps/ below the default root)',
      )
      .option('--transfer-slots <n>', 'transfers at a time (default: one per core)', countOption(1, 64))
      .addOption(
        new Option('--log-format <format>', 'text or JSON lines').choices(['text', 'json']).default('text'),
      )
      .addOption(
        new Option('--log-level <level>', 'least level')
          .choices(['debug', 'info', 'warn', 'error'])
          .default('info'),
      ),
  ).action(run);
}

const LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

/** Runs a worker. Exit 0 when it was asked to stop, 2 for a wrong configuration, 6 when Temporal cannot be reached. */
export async function runWorkerCommand(flags: WorkerFlags, deps: CliDeps): Promise<Exit> {
  const {
    ConfigError,
    installRuntime,
    loadConfig,
    logOf,
    runWorker,
    TemporalUnavailableError,
    WorkerLogger,
  } = await import('../../worker/index.js');
  const logger = new WorkerLogger(flags.logFormat, LEVELS[flags.logLevel], (line) =>
    deps.stderr.write(`${line}\n`),
  );
  try {
    const overrides: ConfigOverrides = {
      ...compact({
        taskQueue: flags.taskQueue,
        roots: flags.root,
        dumps: flags.dumps,
        transferSlots: flags.transferSlots,
      }),
    };
    const config = loadConfig({
      env: deps.env,
      cwd: deps.cwd,
      overrides,
      ...compact({ configPath: flags.config }),
    });
    installRuntime(logger);
    await runWorker(config, {
      env: deps.env,
      log: logOf(logger),
      temporal: {
        ...compact({ address: flags.address, namespace: flags.namespace, profile: flags.profile }),
      },
    });
    return EXIT.ok;
  } catch (error) {
    logger.error(error instanceof Error ? error.message : String(error));
    if (error instanceof ConfigError) return EXIT.usage;
    if (error instanceof TemporalUnavailableError) return EXIT.unavailable;
    return EXIT.unexpected;
  }
}
