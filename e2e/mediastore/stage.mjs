// What a scenario works with: it shows a component of the client, acts as a
// user on it, and waits for what the user would see.
const limit = 60000; // a busy machine is no failure

export class Stage {
  constructor(page, sdk, react, dom, redux) {
    Object.assign(this, { page, sdk, react, dom, redux, events: [] });
    this.window = page.window;
    this.window.addEventListener('MSSDK:auth-failed', () => this.events.push('auth-failed'));
    for (const event of ['Login', 'Registration', 'Purchase', 'switch-details']) {
      this.window.addEventListener(`MSSDK:${event}-successful`, () => this.events.push(event));
    }
    sdk.Config.setEnvironment('development');
    sdk.Config.setPublisher('870553921');
    sdk.Config.setHidePayPal();
  }

  show(component, props = {}) {
    const element = this.react.createElement(this.redux.Provider, { store: this.sdk.store }, this.react.createElement(this.sdk[component], props));
    this.root?.unmount();
    this.root = this.dom.createRoot(this.window.document.getElementById('root'));
    this.root.render(element);
  }

  text() {
    return this.window.document.body.textContent.replace(/\s+/g, ' ').trim();
  }

  find(selector, text) {
    return [...this.window.document.querySelectorAll(selector)].find((e) => !text || e.textContent.includes(text));
  }

  all(selector) {
    const list = [...this.window.document.querySelectorAll(selector)];
    return list.length > 0 && list;
  }

  async until(what, ready) {
    const end = Date.now() + limit;
    for (;;) {
      const found = ready();
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
      await new Promise((go) => setTimeout(go, 20));
    }
  }

  seen(text) {
    return this.until(`the text ${text}`, () => this.text().includes(text));
  }

  // settled waits until the client has made its calls and shown what they gave.
  async settled(call) {
    let quiet = 0;
    await this.until(`${call} and quiet`, () => {
      const pending = this.page.calls.some((c) => c.status === 0) || this.find('.react-loading-skeleton');
      quiet = pending || !this.page.calls.some((c) => c.call.includes(call)) ? 0 : quiet + 1;
      return quiet > 15;
    });
  }

  async type(selector, value) {
    const input = await this.until(selector, () => this.find(selector));
    Object.getOwnPropertyDescriptor(this.window.HTMLInputElement.prototype, 'value').set.call(input, value);
    input.dispatchEvent(new this.window.Event('input', { bubbles: true }));
    input.dispatchEvent(new this.window.Event('change', { bubbles: true }));
    input.dispatchEvent(new this.window.FocusEvent('focusout', { bubbles: true }));
  }

  async click(selector, text) {
    const e = await this.until(`${selector} ${text ?? ''}`, () => {
      const found = this.find(selector, text);
      return found && !found.disabled && found;
    });
    await this.press(e);
  }

  // press clicks, and lets the client draw what follows from it.
  async press(e) {
    e.dispatchEvent(new this.window.MouseEvent('click', { bubbles: true, cancelable: true }));
    await new Promise((go) => setTimeout(go, 20));
  }

  // logIn takes the short way to a session: the API, as a server-side login would.
  async logIn(email = 'jane@example.com') {
    const answer = await this.window.fetch('/auths', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password: 'Sunny-Day-42', publisherId: '870553921' }),
    });
    const { responseData } = await answer.json();
    this.sdk.Config.setJWT(responseData.jwt);
    this.sdk.Config.setRefreshToken(responseData.refreshToken);
    return responseData;
  }

  // expire makes the client take its JWT for a dead one: it reads exp itself.
  expire() {
    const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
    const past = Math.floor(Date.now() / 1000) - 60;
    this.sdk.Config.setJWT([part({ alg: 'RS256', typ: 'JWT' }), part({ customerId: 100000001, publisherId: 870553921, exp: past }), 'x'].join('.'));
  }

  // record is what is compared: ids and times of one run differ from the next.
  record() {
    const stable = (s) => s.replace(/\d{9,}/g, 'N').replace(/[0-9a-f]{32,}/g, 'H');
    const calls = [...new Set(this.page.calls.filter((c) => !c.call.includes('translations')).map((c) => stable(`${c.call} ${c.status}`)))].sort();
    return { events: this.events, loggedIn: this.sdk.Auth.isLogged(), calls };
  }
}
