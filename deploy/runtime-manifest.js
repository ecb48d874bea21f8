'use strict';
// For the image alone: there the worker is the application, so its peers (@temporalio/*, which a user's own project
// brings) become dependencies, at the versions that it was built and tested with. Without this, `--omit=dev` leaves
// them out, because npm counts a package that is both a peer and a dev dependency as a dev dependency.
const { readFileSync, writeFileSync } = require('node:fs');

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
for (const name of Object.keys(manifest.peerDependencies)) {
  const version = manifest.devDependencies[name];
  if (version === undefined) throw new Error(`${name} is not among the dev dependencies`);
  manifest.dependencies[name] = version;
  delete manifest.devDependencies[name];
}
delete manifest.peerDependencies;
writeFileSync('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
