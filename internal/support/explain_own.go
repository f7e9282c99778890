package support

// UpstreamFault and Rejected are what reports say of an answer that is neither
// good nor in the table of causes. They stand in no header.
const (
	UpstreamFault = "upstream_fault"
	Rejected      = "rejected"
	CallerGone    = "caller_gone"
	Answered      = "answered"
)

// ownExplanations are about answers that cleengate made itself, about waits,
// and about answers that the table of causes does not cover. The keys of the
// first are the codes of those answers.
var ownExplanations = map[string]Diagnosis{
	"patience_exceeded": {
		Sentence: "The call's turn would have come later than it may wait, so it was refused without being sent.",
		Next:     "Allow it more time (Prefer: wait=SECONDS, or patience), send fewer calls at once, cache or batch them, or ask Cleeng support for a higher limit with your use case and volume.",
	},
	"paused": {
		Sentence: "Cleeng throttled this quota and asked for a pause that is longer than the call may wait. It was not sent.",
		Next:     "Try again after Retry-After; if it comes again, spread or cache calls, or ask Cleeng support for a higher limit.",
	},
	"queue_full": {
		Sentence: "As many calls wait for Cleeng as the queue holds. This one was not sent.",
		Next:     "Find the caller that floods (waiting in /api/v1/limits), slow it down, and raise limits.NAME.queue only if its calls can wait that long.",
	},
	"draining": {
		Sentence: "cleengate was shutting down.",
		Next:     "Send the call again, to another instance or later.",
	},
	"renewal_failed": {
		Sentence: "The credential could not be renewed in time, so the call was not sent.",
		Next:     "See last_error in /api/v1/credentials; it is tried again by itself.",
	},
	"credential_rejected": {
		Sentence: "The configured session is dead: Cleeng accepts neither its token nor its login.",
		Next:     "Put a working password or refresh token into the configuration; cleengate probes every minute and goes on by itself.",
	},
	"buffers_full": {
		Sentence: "The request bodies that wait here take as much memory as guard.max_buffered allows.",
		Next:     "Send large bodies one after the other, or raise guard.max_buffered.",
	},
	"upstream_timeout": {
		Sentence: "Cleeng did not answer in time.",
		Next:     "Whether the call was carried out is not known: look before you repeat a write. If it happens often, send the times and request ids to Cleeng support.",
	},
	"upstream_unreachable": {
		Sentence: "No connection to Cleeng could be made.",
		Next:     "Check name resolution, firewall and proxy of this host, and the upstream's URL; cleengate check --live tries it.",
	},
	"upstream_protocol": {
		Sentence: "The answer broke off, or was not HTTP.",
		Next:     "Whether the call was carried out is not known: look before you repeat a write. If it happens often, look for a middlebox on the way to Cleeng.",
	},
	"only_if_cached_miss": {
		Sentence: "The call asked for a stored answer only, and there was none.",
		Next:     "Leave out Cache-Control: only-if-cached.",
	},
	"bad_request":            {Sentence: "The request cannot be forwarded as HTTP.", Next: "Read the detail of the answer; nothing was sent to Cleeng."},
	"host_refused":           {Sentence: "The Host of the request is not one of this proxy's.", Next: "Call it by a loopback name, or add the host to guard.allowed_hosts."},
	"origin_refused":         {Sentence: "A web page of a foreign origin made the call.", Next: "Add the page's origin to guard.allowed_origins if it is yours."},
	"client_unauthenticated": {Sentence: "The call did not show this proxy's client token.", Next: "Send Cleengate-Token, or put it into the base URL as /-/TOKEN."},
	"not_allowed":            {Sentence: "The upstream's list of allowed calls does not have this one.", Next: "Add it to upstreams.NAME.allow if the app may make it."},
	"body_too_large":         {Sentence: "The request body is larger than guard.max_body.", Next: "Raise guard.max_body if the endpoint takes such bodies."},
	"internal":               {Sentence: "cleengate itself failed on this call.", Next: "Report it with the log lines of this request id."},

	WaitedInLine:  {Sentence: "The call waited for its place, so that the quota was not overrun.", Next: "Cache what changes rarely, batch calls, or ask Cleeng support for a higher limit with your use case and volume."},
	WaitedRenewal: {Sentence: "The call waited until a token was renewed.", Next: "Nothing to do: tokens are renewed ahead of their expiry; a wait means that this one was refused early or used for the first time."},
	WaitedBackoff: {Sentence: "An attempt failed, and the call was sent again after a wait.", Next: "Nothing to do unless it is often; then send the times and request ids to Cleeng support."},
	Throttled:     {Sentence: "Cleeng answered 429, and the call was held back and sent again.", Next: "Send calls more evenly (limits.NAME.burst: auto), cache or batch them, or ask Cleeng support for a higher limit."},
	SlowUpstream:  {Sentence: "Cleeng took long to answer.", Next: "If it is often, send the times and request ids to Cleeng support."},

	UpstreamFault: {
		Sentence: "Cleeng failed on the call.",
		Next:     "Try again later with growing delays; a write only after looking whether it was carried out. If it lasts, send this report to Cleeng support.",
	},
	Rejected: {
		Sentence: "Cleeng understood the call and refused it for what it asks.",
		Next:     "Read the error message of the answer, and compare the call with the endpoint's page in Cleeng's documentation.",
	},
	CallerGone: {
		Sentence: "The app closed its connection before the answer was complete.",
		Next:     "Give the app's HTTP client more time than patience.default, or lower that.",
	},
	Answered: {Sentence: "The call was answered.", Next: "Nothing to do."},
}
