// The little Markdown that the generated pages are made of.

const cell = (text) => escapeTags(String(text)).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** `<file>` outside of code would be taken for HTML. */
const escapeTags = (text) =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('');

/** A table; nothing where it has no rows. */
function table(head, rows) {
  if (rows.length === 0) return '';
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const code = (text) => `\`${text}\``;

/** Blocks with one empty line between them; empty ones are left out. */
const page = (...blocks) => `${blocks.flat().filter(Boolean).join('\n\n')}\n`;

module.exports = { code, page, table };
