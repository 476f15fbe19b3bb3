// Prints the syntax trees of Bicep files as JSON: `node parse.mjs FILE…`, {file: node}. A node is
// {t: type, f: the field of its parent, s: its text where it has no children, x: whether it is an error,
// l, c: line and column from 1, n: children}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Language, Parser } from 'web-tree-sitter';

await Parser.init();
const grammar = createRequire(import.meta.url).resolve('tree-sitter-bicep/tree-sitter-bicep.wasm');
const parser = new Parser();
parser.setLanguage(await Language.load(grammar));

function plain(node, field) {
  const out = { t: node.type, l: node.startPosition.row + 1, c: node.startPosition.column + 1 };
  if (field) out.f = field;
  if (node.isError || node.isMissing) out.x = true;
  if (node.childCount === 0 || node.type === 'string') out.s = node.text;
  if (node.childCount > 0) out.n = node.children.map((child, i) => plain(child, node.fieldNameForChild(i)));
  return out;
}

const trees = {};
for (const file of process.argv.slice(2)) {
  let text = readFileSync(file, 'utf8');
  // The grammar has no `param name = value`, as parameter files have it; to it, it is a variable.
  if (file.endsWith('.bicepparam')) text = text.replace(/^param /gm, 'var   ');
  const tree = parser.parse(text);
  trees[file] = plain(tree.rootNode);
  tree.delete();
}
process.stdout.write(JSON.stringify(trees));
