#!/usr/bin/env node
/**
 * Writes examples/sales.csv: 8,000 rows for the sandbox's import "Load Sales", the same on every run. About 1 % of
 * them break a rule of the sample model, each for one of several reasons, so that a run has a failure dump to show.
 */
'use strict';
const fs = require('fs');
const path = require('path');

const ROWS = 8_000;
const REGIONS = ['NA', 'EMEA', 'APAC', 'LATAM'];
const MONTHS = ['25', '26'].flatMap((year) =>
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
    (month) => `${month} ${year}`,
  ),
);

/** A small generator of pseudo-random numbers (mulberry32). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = generator(20260105);
const pad = (number, width) => String(number).padStart(width, '0');

/** What breaks a row; each entry changes a copy of it. */
const MISTAKES = [
  (row) => ({ ...row, product: `P${pad(9000 + Math.floor(random() * 40), 4)}` }),
  (row) => ({ ...row, units: 'n/a' }),
  (row) => ({ ...row, lastOrder: '31/02/2026' }),
  (row) => ({ ...row, region: 'ANTARCTICA' }),
  (row) => ({ ...row, revenue: '1,234.50 EUR' }),
  (row) => ({ ...row, month: 'Smarch 26' }),
];

const quote = (value) => (/[",\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value);

function rowAt(index) {
  // Every row has a place of its own: product by region by month.
  const product = (index % 200) + 1;
  const place = Math.floor(index / 200);
  const month = MONTHS[Math.floor(place / REGIONS.length) % MONTHS.length];
  const units = 1 + Math.floor(random() * 500);
  const price = 2 + product * 0.35;
  return {
    product: `P${pad(product, 4)}`,
    region: REGIONS[place % REGIONS.length],
    month,
    units: String(units),
    revenue: (units * price).toFixed(2),
    lastOrder: `2026-${pad(1 + Math.floor(random() * 12), 2)}-${pad(1 + Math.floor(random() * 28), 2)}`,
  };
}

const lines = ['Product,Region,Month,Units,Revenue,Last Order'];
let mistakes = 0;
for (let i = 0; i < ROWS; i++) {
  let row = rowAt(i);
  if (i % 100 === 37) row = MISTAKES[mistakes++ % MISTAKES.length](row);
  lines.push(
    [row.product, row.region, row.month, row.units, row.revenue, row.lastOrder].map(quote).join(','),
  );
}
const target = path.join(__dirname, '..', 'examples', 'sales.csv');
fs.mkdirSync(path.dirname(target), { recursive: true });
fs.writeFileSync(target, lines.join('\n') + '\n');
console.log(`${target}: ${ROWS} rows, ${mistakes} of them rejected by the sample model`);
