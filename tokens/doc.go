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
//     exists. This is the only step that waits.
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
// valid while one is being rotated) or a fixed header field.
//
// A key is never given up. When a call is refused with one key it is tried
// with the next; only if that succeeds is the next one preferred from then on,
// so that one endpoint which no key may use takes nothing out of service.
//
// # What is promised
//
// A credential value leaves this package in two ways only: through
// [HeaderForm.Set] and [Token.Value]. It is in no error, log line or status.
package tokens
