// Package simulator is a Cleeng to test against: one HTTP handler that behaves
// as the publicly described Cleeng APIs do, with state, credentials, quotas and
// faults that a test can turn while it runs.
//
// Cleeng forbids load tests against production and sandbox and asks for a mock
// instead, so every test, benchmark and demonstration of this project talks to
// a [Simulator].
//
// # What it serves
//
// All surfaces answer on one listener and are told apart by path:
//
//	/3.1/...                        Core API 3.1, credential X-Publisher-Token
//	/3.0/json-rpc, /api/3.0/json-rpc  JSON-RPC 3.0, publisherToken inside params
//	/auths, /customers, /offers ... MediaStore API, credential Bearer JWT
//	/storekit2/..., /purchases/...  in-app purchases, either credential
//	/codes/...                      device login by PIN
//	/sim/...                        plain HTTP test endpoints: echo, download, trailers
//	/_sim/...                       the control endpoint: knobs, counters, keys
//
// # How a call passes
//
// A call travels (uplink latency), arrives and is counted, may be hit by a fault
// before handling, is weighed against the quotas, shows its credential, is
// carried out, and travels back (downlink latency), where a fault may lose, cut
// or bend the answer. A fault before handling leaves no trace in the data; a
// fault after it does, which is what makes a repeated write dangerous.
//
// # What is not known
//
// Where nothing is published (the limits, the body of a throttle, the unit of
// X-RateLimit-Reset, the status of a failed refresh and so on) the behaviour is
// a knob, so no test can come to depend on a guess. See [Knobs].
//
// # Control
//
// What tests and operators turn and read; it is not counted, not limited and not
// harmed by faults:
//
//	GET    /_sim/knobs            all knobs
//	PATCH  /_sim/knobs            JSON merge patch; 400 names the knob and what is right
//	GET    /_sim/knobs/help       one sentence on every knob
//	GET    /_sim/counters         see Counters
//	GET    /_sim/arrivals         newest calls, ?limit=
//	GET    /_sim/writes           ?field=externalId&value=abc: how often carried out
//	GET    /_sim/defaults         the sample data
//	POST   /_sim/reset            see Reset; without a body everything
//	POST   /_sim/revoke           see Revocation
//	GET    /_sim/keys             the valid publisher keys
//	POST   /_sim/keys             see Key
//	DELETE /_sim/keys/{name}      makes it invalid at once
//	GET    /_sim/password-resets  reset tokens that an e-mail would have carried
//	POST   /_sim/webhooks         sends a signed webhook to a loopback address
//
// # Independence
//
// The package imports nothing of the product. It reads the published
// description on its own, so that a misreading cannot agree with itself.
//
// # Time
//
// All time comes from package time, and nothing runs in the background: inside
// a testing/synctest bubble, over [PipeListener], ten minutes pass in
// milliseconds.
package simulator
