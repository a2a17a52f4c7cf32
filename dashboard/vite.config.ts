import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** What a browser loads before it shows anything, compressed; in bytes. */
const largestFirstLoad = 60_000;

export default defineConfig({
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: 'es2022',
    // Nothing but the page's own files: a server forbids scripts and styles that stand in the page.
    cssCodeSplit: false,
  },
  resolve: {
    alias: { react: 'preact/compat', 'react-dom': 'preact/compat', 'react/jsx-runtime': 'preact/jsx-runtime' },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  logLevel: 'error',
  plugins: [compressed(), licensed()],
});

/** Compresses each text once, and lets no build pass whose first load is too large. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      const sizes = new Map<string, number>();
      for (const name of Object.keys(bundle).filter((each) => /\.(js|css|html|svg)$/.test(each))) {
        const zipped = gzipSync(readFileSync(join(dir!, name)), { level: 9 });
        writeFileSync(join(dir!, `${name}.gz`), zipped);
        sizes.set(name, zipped.length);
      }
      const first = Object.values(bundle)
        .filter((each) => each.type === 'asset' || each.isEntry)
        .flatMap((each) => [each.fileName, ...(each.type === 'chunk' ? each.imports : [])]);
      const bytes = [...new Set(first)].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      if (bytes > largestFirstLoad)
        this.error(`the first load is ${bytes} bytes; at most ${largestFirstLoad} are allowed`);
      console.log(`dashboard: the first load is ${(bytes / 1000).toFixed(1)} kB compressed`);
    },
  };
}

/** The licences of the packages in the bundle, which ask to be passed on. */
function licensed(): Plugin {
  return {
    name: 'licensed',
    apply: 'build',
    generateBundle() {
      const modules = [...this.getModuleIds()];
      const folders = modules.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? []);
      const texts = [...new Set(folders)].sort().map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
          string,
          string
        >;
        return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: texts.join('\n---\n\n') });
    },
  };
}
