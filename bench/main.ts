/**
 * `npm run bench`: how fast bytes move, what the worker holds in memory, and how long histories get. Figures are for
 * reading side by side on one machine; nothing here passes or fails.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';

import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';

import { BenchRig, CLI, type Measured } from './rig';
import { scale, scaleOf } from './scale';

const MB = 1_000_000;

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const wanted = process.argv.slice(2);
  const all: Record<string, (rig: BenchRig) => Promise<void>> = {
    commands,
    start,
    upload,
    download,
    read,
    scale: async (rig) => {
      const asked = scaleOf(wanted);
      heading(`${asked.runs} runs at once over ${asked.models} models, on three workers of one tenant`);
      await scale(rig, asked, (line) => console.log(line));
    },
  };
  for (const [name, measure] of Object.entries(all)) {
    if (wanted.length > 0 ? !wanted.some((word) => word.split('=')[0] === name) : name === 'scale') continue;
    const rig = await BenchRig.start({ metrics: name === 'scale' });
    try {
      await measure(rig);
    } finally {
      await rig.close();
    }
  }
}

/** The processor time of commands that only say something: what a person, a script or a completion waits for. */
async function commands(rig: BenchRig): Promise<void> {
  heading('Processor time of commands that start nothing');
  const hook = join(rig.root, 'cpu.js');
  await writeFile(
    hook,
    "process.on('exit', () => { const { user, system } = process.cpuUsage(); require('node:fs').writeSync(2, String((user + system) / 1000)); });",
  );
  for (const args of [['--version'], ['--help'], ['upload-import', '--help']]) {
    const times = Array.from({ length: 7 }, () =>
      Number(spawnSync(process.execPath, ['-r', hook, CLI, ...args], { encoding: 'utf8' }).stderr),
    ).sort((a, b) => a - b);
    console.log(`  ${args.join(' ').padEnd(22)} median ${fixed(times[3] ?? 0, 0)} ms`);
  }
}

/** How long a worker takes until it polls. */
async function start(rig: BenchRig): Promise<void> {
  heading('Worker start to ready (prebuilt workflow bundle)');
  await rig.sandbox({});
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    times.push(await rig.startWorker());
    await rig.stopWorker();
  }
  times.sort((a, b) => a - b);
  console.log(
    `  median ${fixed((times[2] ?? 0) / 1000, 2)} s, of 5: ${times.map((t) => fixed(t / 1000, 2)).join(', ')} s`,
  );
}

/** Uploads of 200 MB, 1 GB and 4 GB. */
async function upload(rig: BenchRig): Promise<void> {
  heading('Upload from disk through the whole workflow');
  await rig.sandbox({ uploads: 'digest', requestsPerMinute: false, taskDurationMs: 500 });
  const sizes = [200 * MB, 1000 * MB, 4000 * MB];
  for (const size of sizes) {
    const name = `source-${size / MB}.csv`;
    await writeCsv(join(rig.root, name), size);
    const gzip = await gzipSeconds(join(rig.root, name), Math.min(size, 200 * MB));
    await rig.startWorker();
    const run = await rig.run('uploadImport', { import: 'Load Bulk', source: name });
    report(`${size / MB} MB`, size, run, rig.peakMemory());
    const rate = size / MB / run.transferSeconds;
    console.log(`    gzip -1 alone on one core: ${fixed(gzip, 0)} MB/s; ratio ${fixed(rate / gzip, 2)}`);
    await rig.stopWorker();
  }
}

/** A download of 1 GB in chunks of 10 MB. */
async function download(rig: BenchRig): Promise<void> {
  heading('Export and download to disk, chunks of 10 MB');
  for (const size of [200 * MB, 1000 * MB]) {
    await rig.sandbox({
      requestsPerMinute: false,
      taskDurationMs: 500,
      model: { exportBytes: size, exportChunkBytes: 10 * MB },
    });
    await rig.startWorker();
    const run = await rig.run('exportDownload', { export: 'Export Bulk', target: `target-${size / MB}.csv` });
    report(`${size / MB} MB`, run.result.transfers[0]?.bytes ?? 0, run, rig.peakMemory());
    await rig.stopWorker();
  }
}

/** A large read of 5,000 pages, and the replay of its history. */
async function read(rig: BenchRig): Promise<void> {
  heading('Large read of 5,000 pages of 1,000 rows');
  await rig.sandbox({
    requestsPerMinute: false,
    readDurationMs: 500,
    model: { viewPages: 5000, viewRowsPerPage: 1000 },
  });
  await rig.startWorker();
  const run = await rig.run('largeViewRead', { view: 'Bulk.All', target: 'view.csv' });
  report('5,000 pages', run.result.transfers[0]?.bytes ?? 0, run, rig.peakMemory());
  await replay(rig, run);
}

/** Replays the history of a run as a restarted worker would. */
async function replay(rig: BenchRig, run: Measured): Promise<void> {
  const history = await rig.client.workflow.getHandle(run.workflowId).fetchHistory();
  const workflowBundle = { codePath: resolve(__dirname, '../../lib/workflow-bundle.js') };
  const began = performance.now();
  await Worker.runReplayHistory({ workflowBundle }, history, run.workflowId);
  console.log(
    `    replay of its ${run.events} events: ${fixed((performance.now() - began) / 1000, 2)} s, worker start included`,
  );
}

function report(name: string, bytes: number, run: Measured, memory: number): void {
  const mb = bytes / MB;
  console.log(
    `  ${name.padEnd(12)} ${fixed(mb / run.transferSeconds, 0).padStart(5)} MB/s in the transfer, ${fixed(mb / run.seconds, 0).padStart(5)} MB/s in all (${fixed(run.seconds, 1)} s); peak RSS of the worker ${fixed(memory, 0)} MB; ${run.events} events`,
  );
}

/** Rows like an extract from a ledger: compressible about as real ones are. */
async function writeCsv(path: string, size: number): Promise<void> {
  const file = await open(path, 'w');
  let written = (await file.write('Key,Value\n')).bytesWritten;
  let seed = 42;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let row = 0; written < size;) {
    const lines: string[] = [];
    for (let i = 0; i < 20_000; i++, row++)
      lines.push(`ACC-${(row * 7919) % 100000}-${row},${(random() * 100000).toFixed(2)}`);
    const block = `${lines.join('\n')}\n`;
    written += (await file.write(block.slice(0, size - written))).bytesWritten;
  }
  await file.close();
}

/** MB/s of gzip level 1 on one core. */
async function gzipSeconds(path: string, bytes: number): Promise<number> {
  const began = performance.now();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(
    createReadStream(path, { end: bytes - 1, highWaterMark: 1024 * 1024 }),
    createGzip({ level: 1 }),
    nowhere,
  );
  return bytes / MB / ((performance.now() - began) / 1000);
}

function heading(text: string): void {
  console.log(`\n${text}`);
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

void main();
