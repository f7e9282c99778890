// Package redact keeps secrets and personal data out of everything that
// cleengate writes down: the log, the failure journal, HAR and curl exports,
// incident reports and the configuration dump.
//
// Four nets hang behind each other, because each alone has holes:
//
//   - A [Secret] cannot be printed. Configuration and credentials hold their
//     values in it, and only the code that sends a value reveals it.
//   - A [Redactor] masks by name. Headers, query parameters and path parts are
//     shown only where an allow-list names them; members of JSON and form
//     bodies are masked where their name speaks of a credential or of a
//     person. Bodies that may not be written down at all are reduced to their
//     [Redactor.Shape].
//   - A [Vault] knows every secret that the process holds and finds it
//     anywhere, also in base64, hexadecimal, percent-encoding and JSON or Go
//     escapes, one inside the other.
//   - Patterns come last: e-mail addresses, JSON Web Tokens, long opaque
//     tokens, card numbers, credentials after their scheme, queries of URLs.
//
// Masking happens when something is captured, not when it is shown: what was
// never stored cannot leak. A [Masker] marks each masked value with a short
// keyed tag, so that equal values stay recognisable without being readable;
// [Masker.Retag] gives an export tags of its own, so that two exports cannot
// be correlated.
//
// Secrets shorter than [MinSearch] bytes are masked by name only: searched
// for, they would black out ordinary words.
package redact
