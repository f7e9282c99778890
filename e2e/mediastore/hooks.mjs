// The client is built for bundlers, which read the default export of
// styled-components' CommonJS build the way that Babel marks it. Node does
// not, so this hook gives it a module in the form that it expects.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const names = Object.keys(require('styled-components')).filter((name) => /^[A-Za-z_]\w*$/.test(name) && name !== 'default');

export async function resolve(specifier, context, next) {
  if (specifier === 'styled-components') return { url: 'shim:styled-components', shortCircuit: true };
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (url !== 'shim:styled-components') return next(url, context);
  const path = JSON.stringify(require.resolve('styled-components'));
  const source = [
    "import { createRequire } from 'node:module';",
    `const all = createRequire(${path})(${path});`,
    'export default all.default;',
    ...names.map((name) => `export const ${name} = all.${name};`),
  ].join('\n');
  return { format: 'module', shortCircuit: true, source };
}
