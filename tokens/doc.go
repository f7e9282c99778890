// Package tokens obtains, keeps and replaces the credentials that cleengate
// puts into calls, so that an app never sees a 401 which a credential of ours
// can cure.
//
// # One model
//
// A [Token] is a value with an expiry and a generation. A [Credential] hands
// out the token that is valid and replaces it. The caller of a Credential goes
// through four steps for each call, with a [Call] that remembers what this one
// call has learned:
//
//  1. Secure, before a place in line is asked for: waits until a valid token
//     exists. This and Rejected are the only steps that wait.
//  2. Current, at departure: the token to inject. It never waits and never
//     gives out a token known to have expired.
//  3. Accepted, when the answer shows that the credential was accepted.
//  4. Rejected, when the answer says that it was not: reports whether sending
//     the call again can help. "Generation g failed" is compared with what is
//     held now, so that any number of callers cause one renewal.
//
// # Kinds
//
// [Keys] are static: the publisher's API keys (an ordered list, as two are
// valid while one is being rotated) or a fixed header field. A key is never
// given up. When a call is refused with one key it is tried with the next;
// only if that succeeds is the next one preferred from then on, so that one
// endpoint which no key may use takes nothing out of service.
//
// A [Session] is a customer's JWT and the refresh token that comes with it. It
// begins with a login, or with a configured refresh token. It is renewed ahead,
// at a random point between 75 and 90 % of the lifetime in exp, less what the
// upstream's clock leaves in doubt ([Clock]); and when upstream refuses it. One
// renewal runs at a time, on its own context; callers wait with theirs. What
// failed is remembered by [Category]: permanent failures are probed once a
// minute, others back off. A place that refuses fresh tokens causes one renewal
// a minute at most.
//
// [Grace] is for customers whose sessions are their own: it joins identical
// refreshes that pass through.
//
// # A refresh token works once
//
// Its answer cannot be had again, so a session is kept in a [Store] by this
// order: the use of the refresh token is claimed, durably; the token is sent;
// its answer is made durable; the new token is used; the claim ends. Whenever
// the process is killed, the next start finds one of three: a refresh token
// without a claim, which is good; a claim without an answer, which means that
// the token counts as spent, so the session logs in, or is loudly dead; or the
// answer. A claim is taken back only where upstream certainly did not handle
// the request: no connection was made, or the answer was a 429.
//
// Processes that share a state directory share the session. They take an
// advisory lock, read again and decide again. A lock that is held is waited
// for; where locks do not work at all claims still keep a token from being
// sent twice, because they are made by exclusive creation.
//
// If the disk fails, the order gives way only where nothing depends on it. A
// refresh token that may be on the disk is not sent without a durable claim: a
// session that can log in does that instead, one that cannot uses its token
// while it lives and then reports [Storage]. An answer that cannot be stored is
// tried again while the old token serves; when somebody needs the new one it
// is used from memory, since holding it back would lose it as surely. It is
// stored when the disk allows.
//
// # What is promised
//
// A credential value leaves this package by [HeaderForm.Set] and [Token.Value],
// in requests to the login upstream, in the session file (mode 0600, encrypted
// if a key is given) and to [SessionConfig.Known]. It is in no error, log line
// or status, and follows no redirect.
package tokens
