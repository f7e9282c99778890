// Each scenario returns what the user saw at its end.
let fresh = 0;

export const scenarios = {
  async login(stage) {
    let done = false;
    stage.show('Login', { onSuccess: () => { done = true; } });
    await stage.type('input[type=email]', 'jane@example.com');
    await stage.type('input[type=password]', 'Sunny-Day-42');
    await stage.click('button[type=submit]');
    await stage.until('a session', () => done);
    await stage.settled('/auths');
    return { done };
  },

  async badPassword(stage) {
    stage.show('Login', {});
    await stage.type('input[type=email]', 'jane@example.com');
    await stage.type('input[type=password]', 'Wrong-Day-42');
    await stage.click('button[type=submit]');
    await stage.seen('Wrong');
    return { text: stage.text() };
  },

  // A human check is asked for: the form shows that it was refused.
  async captcha(stage) {
    stage.show('Login', {});
    await stage.type('input[type=email]', 'jane@example.com');
    await stage.type('input[type=password]', 'Sunny-Day-42');
    await stage.click('button[type=submit]');
    await stage.settled('/auths');
    return { text: stage.text().replace(/\d+ ?s(ec)?\w*/g, '') };
  },

  async register(stage) {
    let done = false;
    stage.show('Register', { onSuccess: () => { done = true; } });
    await stage.type('input[type=email]', `new${process.pid}-${++fresh}@example.com`);
    await stage.type('input[type=password]', 'Sunny-Day-42');
    const boxes = await stage.until('consents', () => stage.all('input[type=checkbox]'));
    for (const box of boxes) await stage.press(box);
    await stage.until('ticks', () => stage.all('.msd__consents__frame--checked')?.length === boxes.length);
    await stage.click('button[type=submit]');
    await stage.until('a session', () => done);
    await stage.settled('/consents');
    return { done };
  },

  async myAccount(stage) {
    await stage.logIn();
    stage.show('MyAccount', {});
    await stage.settled('/availability');
    return { text: stage.text() };
  },

  async planDetails(stage) {
    await stage.logIn();
    stage.show('PlanDetails', {});
    await stage.settled('/offers');
    await stage.seen('Current Plan');
    return { text: stage.text() };
  },

  async transactionList(stage) {
    await stage.logIn();
    stage.show('TransactionList', {});
    await stage.settled('/transactions');
    await stage.seen('Transactions');
    return { text: stage.text().replace(/\d{9,}/g, 'N') };
  },

  // The JWT has expired, so the client refreshes before its next call.
  async refresh(stage) {
    const first = await stage.logIn();
    stage.expire();
    stage.show('TransactionList', {});
    await stage.settled('/transactions');
    await stage.seen('Transactions');
    return { renewed: stage.window.localStorage.getItem('CLEENG_AUTH_TOKEN') !== first.jwt };
  },

  // Another tab has the same pair, whose JWT has expired.
  async tab(stage) {
    stage.sdk.Config.setRefreshToken(process.env.REFRESH_TOKEN);
    stage.expire();
    stage.show('TransactionList', {});
    await stage.settled('/transactions');
    await stage.seen('Transactions');
    return { refreshToken: stage.window.localStorage.getItem('870553921_CLEENG_REFRESH_TOKEN') ?? stage.window.localStorage.getItem('CLEENG_REFRESH_TOKEN') };
  },

  // The profile of a customer without consents asks for them in an endless loop:
  // how many times in three seconds is what is looked at.
  async consentsStorm(stage) {
    await stage.logIn();
    stage.show('UpdateProfile', {});
    const asked = () => stage.page.calls.filter((c) => /^GET \/customers\/\d+\/consents$/.test(c.call)).length;
    await stage.until('the first', asked);
    const before = asked();
    await new Promise((go) => setTimeout(go, 3000));
    return { asked: asked() - before };
  },

  async purchase(stage) {
    await stage.logIn('john@example.com');
    let done = false;
    stage.show('Purchase', { offerId: 'S100000003_US', onSuccess: () => { done = true; } });
    await stage.settled('/orders/');
    await stage.click('button', 'Get Access');
    await stage.until('the end', () => done);
    return { done };
  },
};
