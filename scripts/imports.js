// What the imports of a file lead to; for the scripts that follow them.
const { statSync } = require('node:fs');
const { dirname, join, normalize } = require('node:path');

/** The package of an import that is no path: `@temporalio/common` of `@temporalio/common/lib/errors`. */
function packageOf(from) {
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The file below a folder that a file's import of a path leads to; undefined where none is there. */
function fileOf(folder, file, from, extension) {
  const path = normalize(join(dirname(file), from.replace(/\.js$/, '')));
  const candidates = [`${path}${extension}`, join(path, `index${extension}`)];
  return candidates.find((each) => statSync(join(folder, each), { throwIfNoEntry: false })?.isFile());
}

module.exports = { packageOf, fileOf };
