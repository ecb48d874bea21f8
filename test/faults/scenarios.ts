/** The runs of the table: one small, complete run of each integration, and what is right at its end. */
import { gzipSync } from 'node:zlib';

import type { IntegrationInputs, IntegrationName } from '../../src/contracts';
import type { ModelOptions, Sandbox, SandboxOptions } from '../../src/sandbox';

/** Bytes of a chunk that is uploaded; sources of three chunks follow from it. */
export const CHUNK_BYTES = 500;

/** Sizes of the sandbox: three chunks or pages of everything. */
export const SIZES: ModelOptions = {
  exportBytes: 2_900,
  exportChunkBytes: 1_000,
  dumpChunkBytes: 150,
  viewPages: 3,
  viewRowsPerPage: 20,
  listItems: 60,
  listRowsPerPage: 20,
};

/** One run without its model and connection. */
export interface Scenario {
  integration: IntegrationName;
  input: Record<string, unknown>;
  /** How it ends where nothing goes wrong. */
  end: 'succeeded' | 'succeededWithRejections';
  /** Sources below the run's directory. */
  sources?: Record<string, Buffer>;
  /** Files that Anaplan holds at the end, uncompressed, by ID. */
  uploaded?: Record<string, Buffer>;
  /** What the target holds at the end: text, or the ID of the export whose file it is. */
  target?: { name: string; holds: Buffer | { file: string } };
  /** The action whose tasks are counted. */
  action?: string;
  /** The dumps stored at the end, by object. */
  dumps?: Record<string, string>;
  /** The effects of a failure after the task has ended. */
  effectsAfter: 'applied' | 'none';
  /** Whether the run takes the model's lock, on files or on the whole. */
  locks: boolean;
  /** How its tenant behaves. */
  sandbox?: SandboxOptions;
  /** Prepares the tenant. */
  before?: (sandbox: Sandbox) => void;
}

const PRODUCTS_FILE = '113000000001';
const SALES_FILE = '113000000002';
const BULK_EXPORT = '116000000003';
const SALES_EXPORT = '116000000001';

const HEADER = 'Product,Region,Month,Units,Revenue,Last Order\n';
const GOOD = Array.from(
  { length: 28 },
  (_, i) => `P${String(i + 1).padStart(4, '0')},NA,Jan 25,${i},${i}.50,2026-03-06\n`,
);
const UNKNOWN = 'P9999,NA,Jan 25,1,1.00,2026-03-06\n';

/** 31 lines in three chunks; lines 2 and 31 are rejected. */
const SALES = Buffer.from(HEADER + UNKNOWN + GOOD.join('') + UNKNOWN);
const PRODUCTS = Buffer.from(
  'Code,Name,Category,Launch Date,Active\n' +
    Array.from(
      { length: 26 },
      (_, i) => `Q${String(i).padStart(4, '0')},New product number ${i},Bakery,2024-01-15,true\n`,
    ).join(''),
);

/** What Anaplan writes about the two rejected lines (anaplan-api: "Download dump file chunks"). */
const SALES_DUMP =
  '"_Status_","Product","Region","Month","Units","Revenue","Last Order","_Line_","_Error_1_"\n' +
  [2, 31]
    .map(
      (line) =>
        `"E","P9999","NA","Jan 25","1","1.00","2026-03-06","${line}","Item not located in Products list: P9999"\n`,
    )
    .join('');

const item = (i: number) => `Item ${String(i).padStart(9, '0')}`;
const rows = (count: number, row: (i: number) => string) => Array.from({ length: count }, (_, i) => row(i));
const VIEW = Buffer.from(
  'Bulk Items,Regions,Time,Amount,Number\n' +
    rows(60, (i) => `${item(i)},North America,Jan 25,${(i * 7919) % 10_007},${i}\n`).join(''),
);
const LIST = Buffer.from(
  ',Parent,Code\n' + rows(60, (i) => `${item(i)},All Items,B${String(i).padStart(9, '0')}\n`).join(''),
);

/** Checks a scenario's input against its integration. */
function scenario<N extends IntegrationName>(
  integration: N,
  input: Omit<IntegrationInputs[N], 'model'>,
  rest: Omit<Scenario, 'integration' | 'input'>,
): Scenario {
  return { integration, input: { ...input }, ...rest };
}

const uploadImport = (source: string, bytes: Buffer): Scenario =>
  scenario(
    'uploadImport',
    { import: '112000000002', source, acceptRejections: true },
    {
      end: 'succeededWithRejections',
      sources: { [source]: bytes },
      uploaded: { [SALES_FILE]: SALES },
      action: '112000000002',
      dumps: { '112000000002': SALES_DUMP },
      effectsAfter: 'applied',
      locks: true,
    },
  );

const uploadFile = (source: string, bytes: Buffer): Scenario =>
  scenario(
    'uploadFile',
    { file: PRODUCTS_FILE, source },
    {
      end: 'succeeded',
      sources: { [source]: bytes },
      uploaded: { [PRODUCTS_FILE]: PRODUCTS },
      effectsAfter: 'none',
      locks: true,
    },
  );

const SCENARIOS = {
  uploadImport: uploadImport('sales.csv', SALES),
  'uploadImport of a .gz': uploadImport('sales.csv.gz', gzipSync(SALES)),
  exportDownload: scenario(
    'exportDownload',
    { export: BULK_EXPORT, target: 'out.csv' },
    {
      end: 'succeeded',
      target: { name: 'out.csv', holds: { file: BULK_EXPORT } },
      action: BULK_EXPORT,
      effectsAfter: 'none',
      locks: true,
    },
  ),
  processWithDumps: scenario(
    'processWithDumps',
    {
      process: '118000000001',
      uploads: [
        { file: PRODUCTS_FILE, source: 'products.csv' },
        { file: SALES_FILE, source: 'sales.csv' },
      ],
      downloads: [{ export: SALES_EXPORT, target: 'out.csv' }],
      acceptRejections: true,
    },
    {
      end: 'succeededWithRejections',
      sources: { 'products.csv': PRODUCTS, 'sales.csv': SALES },
      uploaded: { [PRODUCTS_FILE]: PRODUCTS, [SALES_FILE]: SALES },
      target: { name: 'out.csv', holds: { file: SALES_EXPORT } },
      action: '118000000001',
      dumps: { '112000000002': SALES_DUMP },
      effectsAfter: 'applied',
      locks: true,
    },
  ),
  largeViewRead: scenario(
    'largeViewRead',
    { view: '206000000002', target: 'out.csv' },
    {
      end: 'succeeded',
      target: { name: 'out.csv', holds: VIEW },
      effectsAfter: 'none',
      locks: false,
      sandbox: { readDurationMs: 0 },
    },
  ),
  largeListRead: scenario(
    'largeListRead',
    { list: '101000000003', target: 'out.csv' },
    { end: 'succeeded', target: { name: 'out.csv', holds: LIST }, effectsAfter: 'none', locks: false },
  ),
  runAction: scenario(
    'runAction',
    { action: '117000000001' },
    { end: 'succeeded', action: '117000000001', effectsAfter: 'applied', locks: true },
  ),
  uploadFile: uploadFile('products.csv', PRODUCTS),
  'uploadFile of a .gz': uploadFile('products.csv.gz', gzipSync(PRODUCTS)),
  downloadFile: scenario(
    'downloadFile',
    { file: BULK_EXPORT, target: 'out.csv' },
    {
      end: 'succeeded',
      target: { name: 'out.csv', holds: { file: BULK_EXPORT } },
      effectsAfter: 'none',
      locks: true,
      before: (sandbox) => void sandbox.replaceExport(BULK_EXPORT),
    },
  ),
} as const satisfies Record<string, Scenario>;

/** The name of a scenario. */
export type ScenarioName = keyof typeof SCENARIOS;

/** A scenario by its name. */
export const scenarioOf = (name: ScenarioName): Scenario => SCENARIOS[name];
