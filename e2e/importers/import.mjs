// node import.mjs har FILE validates an HTTP Archive and imports it.
// node import.mjs curl FILE imports the curl commands of a script.
// Prints one JSON document: what each importer took the calls for.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const [kind, file] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');

const insomnia = async (source) => {
  const { data } = await require('insomnia-importers').convert(source);
  return data.resources
    .filter((r) => r._type === 'request')
    .map(({ method, url, parameters, headers, body }) => ({ method, url, parameters, headers, body }));
};

const postman = (source) =>
  new Promise((resolve, reject) => {
    require('curl-to-postmanv2').convert({ type: 'string', data: source }, (fault, result) => {
      if (fault || !result.result) reject(fault ?? new Error(result.reason));
      else resolve(result.output.map((o) => o.data).map(({ method, url, header, body }) => ({ method, url, headers: header, body })));
    });
  });

// A command goes from a line that begins with curl to the first one that does
// not end with a backslash outside of quotes.
const commands = (script) => {
  const found = [];
  let current = null;
  let quoted = false;
  for (const line of script.split('\n')) {
    if (current === null && !line.startsWith('curl ')) continue;
    current = current === null ? line : current + '\n' + line;
    for (const piece of line.split(/('(?:\\'')?)/)) if (piece.startsWith("'")) quoted = piece === "'" ? !quoted : quoted;
    if (!quoted && !line.endsWith('\\')) {
      found.push(current);
      current = null;
    }
  }
  return found;
};

const print = (result) => process.stdout.write(JSON.stringify(result) + '\n');
try {
  if (kind === 'har') {
    const har = JSON.parse(text);
    await require('har-validator').har(har);
    print({ entries: har.log.entries.length, insomnia: har.log.entries.length ? await insomnia(text) : [] });
  } else {
    const out = { postman: [], insomnia: [] };
    for (const command of commands(text)) {
      out.postman.push(...(await postman(command)));
      out.insomnia.push(...(await insomnia(command)));
    }
    print(out);
  }
} catch (fault) {
  process.stderr.write(`${kind} ${file}: ${fault.message ?? JSON.stringify(fault)} ${JSON.stringify(fault.errors ?? '')}\n`);
  process.exit(1);
}
