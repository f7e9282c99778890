// Package cleeng holds what is known of the Cleeng APIs, as data.
//
// A proxy in front of an API has to know, for each call, which credential it
// takes, whose data it returns, whether it may be sent twice, how long its
// answer stays good and which other answers it makes stale. All of that is in
// the catalogue, one row an endpoint:
//
//	mediastore.go  REST for apps and browsers, paths such as /offers/{offerId}
//	core.go        REST for servers, paths such as /3.1/offers/{offerId}
//	rpc_methods.go JSON-RPC 3.0, one row a method: /3.0/json-rpc#getCustomer
//	inapp.go       in-app purchases and device login
//
// [Lookup] finds the row of a request and always returns one: a path that is
// not in the catalogue, or not in normal form, gets a row named "other", of
// which nothing is assumed and which therefore may not be repeated or cached
// by policy. Matching allocates nothing.
//
// The second half of the package reads and writes JSON-RPC bodies, in which
// Cleeng expects its credentials. [ParseRPC] reads a body once and remembers
// where things are; [RPC.Inject] writes a credential into those places and
// copies every other byte. [ParseRPCReply] does the same for answers. Nothing
// here decodes and encodes a whole document, so number forms, key order,
// escapes, unknown members and white space survive.
//
// The third part names the errors: [ClassifyBody] reads the code out of the
// differently shaped bodies of the surfaces.
//
// Facts differ in how well they are founded. A row carries its [Mark]:
// documented by Cleeng, seen in the source of a published client, or inferred.
// Lifetimes in cache policies are judgements of this project, because Cleeng
// publishes none.
//
// The tables are never changed after the program started, so everything in
// this package may be used from several goroutines. It does no I/O.
package cleeng
