// Package cache answers calls from memory and makes writes drop what they
// change, so that data which rarely changes costs no quota.
//
// It is a shared HTTP cache (RFC 9111) whose key holds the identity that an
// answer was obtained for. Whether an answer may be stored or reused is decided
// by package rfc9111; bytes lie in package store; identical misses become one
// upstream call in package flight. This package puts them together with what is
// known of the Cleeng APIs:
//
//   - [Cache] lives as long as the process and is shared by all upstreams.
//   - [FrontDesk] answers fresh hits above the reverse proxy, at the price of a
//     lookup and a copy of header fields.
//   - [Transport] is the outermost http.RoundTripper below the reverse proxy. It
//     answers what the front desk cannot (stale, conditional and partial answers,
//     JSON-RPC batches), sends what has to be sent, and stores.
//
// # Keys
//
// A [Call] becomes a digest over everything that may change its answer, each part
// with its length before it, so that no two calls of different meaning collide.
// The identity in it is a digest of the injected credential's name and account
// and of every credential field that the app sent. It is never taken from the
// claims of a token, whose signature nobody here can check.
//
// # Writes
//
// A read is marked with the instant of its departure, and a write raises the
// epoch of the names of what it changes (package cleeng), once when it departs
// and once when it ends, unless it certainly changed nothing. An answer older
// than the epoch of one of its names is neither stored, nor served, nor shared
// with a caller who came later. So a caller that has seen its write end never
// sees what was before it, whichever way the two calls overtook each other.
package cache
