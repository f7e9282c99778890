package support

// explanations say what happened and what Cleeng's guide to 401 and 429
// advises next (Cleeng documentation, "How to understand and resolve common
// API errors").
var explanations = map[string]Diagnosis{
	BadPassword: {
		Sentence: "The customer's e-mail or password is wrong.",
		Next:     "Let the customer try again or reset the password. Nothing is wrong with the integration.",
	},
	CredentialMissing: {
		Sentence: "The call carried no credential.",
		Next:     "Configure one (credentials in the configuration), or send it: X-Publisher-Token for the Core API, Authorization: Bearer for MediaStore, publisherToken in the params of JSON-RPC.",
	},
	WrongScheme: {
		Sentence: "The credential was sent in a header or scheme that this API does not take.",
		Next:     "Send X-Publisher-Token to the Core API, Authorization: Bearer JWT to MediaStore, and publisherToken in the params of JSON-RPC.",
	},
	CredentialMalformed: {
		Sentence: "The credential is malformed: it has quotes, inner spaces, a doubled Bearer, or is the text undefined.",
		Next:     "Look at how the app puts the credential together; the value itself may be right.",
	},
	CredentialExpired: {
		Sentence: "The credential has expired.",
		Next:     "Refresh the token. Customer JWTs live 15 minutes, those of SSO 24 hours.",
	},
	InsufficientPermission: {
		Sentence: "The credential lacks the permission for this call.",
		Next:     "Use a credential that may make this call, or give the key the permission in the dashboard (Admin & Tools, API Keys) or through Cleeng support.",
	},
	AddressNotAllowed: {
		Sentence: "The key may not be used from this network address.",
		Next:     "Add the egress address of this machine to the key's list in the dashboard (Admin & Tools, API Keys).",
	},
	CredentialInvalid: {
		Sentence: "The credential is not valid: mistyped, deleted, or not allowed from this address.",
		Next:     "Compare it with the dashboard (Admin & Tools, API Keys) and make a new key if it is not there.",
	},
	CaptchaRequired: {
		Sentence: "Cleeng asks for a human check (reCAPTCHA). This 429 is no throttle.",
		Next:     "Show the reCAPTCHA and send its value with the call.",
	},
	CaptchaFailed: {
		Sentence: "The human check (reCAPTCHA) failed. This 429 is no throttle.",
		Next:     "Let the customer solve the reCAPTCHA again, and check the site key.",
	},
	ForeignConsumer: {
		Sentence: "Something else uses the same quota: it falls faster than this proxy sends.",
		Next:     "Find the other consumer of this key, and send its calls through the same proxy or give it a key of its own.",
	},
	LimitExceeded: {
		Sentence: "More calls were sent than the known limit allows.",
		Next:     "Batch or cache calls, spread the load, or ask Cleeng support for a higher limit with your use case and volume.",
	},
	Burst: {
		Sentence: "The calls came too close together, although their average is within the limit.",
		Next:     "Leave burst at auto so that calls are sent evenly.",
	},
	Unknown: {
		Sentence: "The cause cannot be told from the answer.",
		Next:     "Check the credential and the call against Cleeng's documentation; for support, collect endpoint, method, headers, body, answer and time.",
	},
}

// unknownThrottle is Unknown of a 429, which is not about a credential.
var unknownThrottle = Diagnosis{
	Code:     Unknown,
	Sentence: "Cleeng throttled the call, and no limit is known to compare that with.",
	Next:     "Wait as long as Retry-After says, batch or cache calls, spread the load, and ask Cleeng support which limit holds.",
}

// customersInvalid is what to do about an invalid token of a customer.
const customersInvalid = "Log the customer in again. A refresh token works once, and tokens of production and sandbox are not good for each other."

// Explain returns the words for a code, of a cause or of an answer of our own;
// those of [Unknown] for one that it does not know.
func Explain(code string) Diagnosis {
	d, known := explanations[code]
	if !known {
		d, known = ownExplanations[code]
	}
	if !known {
		code, d = Unknown, explanations[Unknown]
	}
	d.Code = code
	return d
}
