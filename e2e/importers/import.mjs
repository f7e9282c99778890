// node import.mjs DIR validates exchange.har in it, and gives that and the curl
// commands of curl.sh to the importers of Postman and Insomnia. Prints one JSON
// document: what each of them took the calls for.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const dir = process.argv[2];

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

try {
  const text = readFileSync(`${dir}/exchange.har`, 'utf8');
  const har = JSON.parse(text);
  await require('har-validator').har(har);
  const result = { entries: har.log.entries.length, har: [], postman: [], insomnia: [] };
  if (result.entries > 0) result.har = await insomnia(text);
  for (const command of commands(readFileSync(`${dir}/curl.sh`, 'utf8'))) {
    result.postman.push(...(await postman(command)));
    result.insomnia.push(...(await insomnia(command)));
  }
  process.stdout.write(JSON.stringify(result) + '\n');
} catch (fault) {
  process.stderr.write(`${dir}: ${fault.message ?? fault} ${JSON.stringify(fault.errors ?? '')}\n`);
  process.exit(1);
}
