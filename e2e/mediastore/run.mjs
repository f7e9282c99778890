// node run.mjs BASE_URL SCENARIO prints one JSON document: what the page
// showed, which events the client sent, and which calls it made.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);
const [base, name] = process.argv.slice(2);
const { openPage, expose } = await import('./browser.mjs');
const { Stage } = await import('./stage.mjs');
const { scenarios } = await import('./scenarios.mjs');

if (!scenarios[name]) {
  console.error(`no scenario ${name}; there are: ${Object.keys(scenarios).join(', ')}`);
  process.exit(2);
}
const quiet = () => {};
console.warn = console.info = console.debug = quiet;
console.error = process.env.SHOW ? console.error : quiet;

const page = openPage(base);
expose(page.window);
const stage = new Stage(page, await import('@cleeng/mediastore-sdk'), (await import('react')).default, await import('react-dom/client'), await import('react-redux'));
try {
  const result = await scenarios[name](stage);
  process.stdout.write(JSON.stringify({ scenario: name, ...result, ...stage.record() }) + '\n');
  process.exit(0);
} catch (fault) {
  process.stderr.write(`${name}: ${fault.stack}\nhtml: ${process.env.SHOW ? page.window.document.body.innerHTML : ''}\ncalls: ${JSON.stringify(page.calls)}\npage: ${stage.text().slice(0, 2000)}\n`);
  process.exit(1);
}
