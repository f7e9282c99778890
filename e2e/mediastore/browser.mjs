// A browser as far as the client can tell: jsdom for the page, and a fetch
// that adds what a browser would of its own accord.
import { JSDOM } from 'jsdom';

const send = globalThis.fetch;

export function openPage(base) {
  const dom = new JSDOM('<!doctype html><html><body><div id="root"></div></body></html>', {
    url: base + '/shop',
    pretendToBeVisual: true,
  });
  const { window } = dom;
  const calls = [];
  const origin = new URL(base).origin;

  window.fetch = async (input, init = {}) => {
    const url = new URL(typeof input === 'string' ? input : input.url, window.location.href);
    const method = (init.method ?? 'GET').toUpperCase();
    if (url.origin !== origin) throw new TypeError('blocked: ' + url.origin);
    const headers = new Headers(init.headers);
    headers.set('Sec-Fetch-Site', 'same-origin');
    headers.set('Sec-Fetch-Mode', 'cors');
    headers.set('Referer', window.location.href);
    if (method !== 'GET' && method !== 'HEAD') headers.set('Origin', origin);
    const call = { call: method + ' ' + url.pathname, status: 0 };
    calls.push(call);
    const answer = await send(url, { ...init, headers, signal: undefined });
    call.status = answer.status;
    return answer;
  };
  window.matchMedia ??= () => ({ matches: false, addListener() {}, removeListener() {}, addEventListener() {}, removeEventListener() {} });
  window.scrollTo = () => {};
  window.HTMLElement.prototype.scrollIntoView ??= () => {};
  return { dom, window, calls };
}

// expose makes the page's globals those of this process: the client is loaded
// once and finds them when it runs.
export function expose(window) {
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  for (const name of Object.getOwnPropertyNames(window)) {
    if (!(name in globalThis)) define(name, window[name]);
  }
  // What both have must be the page's.
  for (const name of ['navigator', 'fetch', 'Event', 'CustomEvent', 'MessageEvent', 'DOMException', 'FormData']) define(name, window[name]);
  for (const name of ['window', 'self']) define(name, window);
}
