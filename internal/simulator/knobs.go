package simulator

import "time"

// Knobs are all that can be turned, at the start by [Options] and while running
// by [Simulator.Tune] or PATCH /_sim/knobs. A Knobs value is plain data: it may
// be copied, but its slices and maps must not be changed once it was handed over.
// The zero value is not useful; begin with [DefaultKnobs].
//
// The JSON form has the names in the tags; durations are strings such as "250ms".
type Knobs struct {
	Clock       ClockKnobs      `json:"clock" doc:"the clock of the server"`
	Latency     LatencyKnobs    `json:"latency" doc:"how long a call travels"`
	Credentials CredentialKnobs `json:"credentials" doc:"life and refusal of keys and tokens"`
	Quota       QuotaKnobs      `json:"quota" doc:"limits and how they are told"`
	Faults      []Fault         `json:"faults" doc:"what goes wrong, in order of the list"`
	Data        DataKnobs       `json:"data" doc:"what the answers contain"`
	HTTP        HTTPKnobs       `json:"http" doc:"headers of every answer"`
	RPC         RPCKnobs        `json:"rpc" doc:"JSON-RPC 3.0"`
	Webhook     WebhookKnobs    `json:"webhook" doc:"how webhook deliveries are signed"`
}

// ClockKnobs set how far the server's clock is from the caller's.
type ClockKnobs struct {
	// Skew moves the whole server clock: Date, epoch resets, token expiry.
	// Positive is ahead.
	Skew time.Duration `json:"skew" doc:"added to the server clock: Date, epoch resets, exp"`
	// DateSkew moves the Date header only.
	DateSkew time.Duration `json:"date_skew" doc:"added to the Date header alone"`
	// NoDate leaves the Date header out.
	NoDate bool `json:"no_date" doc:"send no Date header"`
}

// LatencyKnobs draw the travel time of a call. The uplink part passes before the
// call is counted, the downlink part after it was carried out, so calls can
// overtake each other both ways.
type LatencyKnobs struct {
	Uplink         time.Duration `json:"uplink" min:"0" doc:"time to arrive"`
	UplinkJitter   time.Duration `json:"uplink_jitter" min:"0" doc:"spread of uplink"`
	Downlink       time.Duration `json:"downlink" min:"0" doc:"time from handling to the answer's header"`
	DownlinkJitter time.Duration `json:"downlink_jitter" min:"0" doc:"spread of downlink"`
	Distribution   string        `json:"distribution" enum:"uniform|exponential|normal" doc:"uniform: base..base+jitter; exponential: base + mean jitter; normal: base, deviation jitter, never below 0"`
	SlowRate       float64       `json:"slow_rate" min:"0" max:"1" doc:"share of calls that take slow longer"`
	Slow           time.Duration `json:"slow" min:"0" doc:"added to the downlink of slow calls"`
}

// CredentialKnobs set how long tokens live and how a bad credential is refused.
type CredentialKnobs struct {
	JWTLifetime           time.Duration `json:"jwt_lifetime" min:"1ms" doc:"life of a customer JWT (documented: 15m)"`
	SSOLifetime           time.Duration `json:"sso_lifetime" min:"1ms" doc:"life of a JWT from SSO login (documented: 24h)"`
	RefreshLifetime       time.Duration `json:"refresh_lifetime" min:"1ms" doc:"life of a refresh token (documented: 100 days)"`
	CustomerTokenLifetime time.Duration `json:"customer_token_lifetime" min:"1ms" doc:"life of a JSON-RPC customerToken (documented: two weeks)"`
	JWTAlgorithm          string        `json:"jwt_algorithm" enum:"RS256|HS256" doc:"alg and signature length of JWTs; the key is secret either way"`
	// MissingCode, InvalidCode and ExpiredCode go with a 401 of the MediaStore API.
	MissingCode          string   `json:"missing_code" doc:"code of a 401 without JWT"`
	InvalidCode          string   `json:"invalid_code" doc:"code of a 401 for an invalid or revoked JWT"`
	ExpiredCode          string   `json:"expired_code" enum:"AUTH0001|AUTH0002|AUTH0003" doc:"code of a 401 for an expired JWT (not documented)"`
	RefreshFailureStatus int      `json:"refresh_failure_status" min:"400" max:"599" doc:"status of a refused refresh (not documented)"`
	RefreshFailureCode   string   `json:"refresh_failure_code" doc:"code of a refused refresh (not documented)"`
	CoreUnauthorizedBody string   `json:"core_unauthorized_body" enum:"message|success|empty|html" doc:"body of a Core 401 (not documented)"`
	IPDeniedStatus       int      `json:"ip_denied_status" enum:"401|403" doc:"status of a key used from an address outside its allow-list (not documented)"`
	IPDeniedNamesAddress bool     `json:"ip_denied_names_address" doc:"the refusal names the caller's address"`
	Denied               []Denial `json:"denied" doc:"endpoints that a valid credential may not use"`
}

// Denial takes the permission for some endpoints from a valid credential.
type Denial struct {
	Match  string `json:"match" doc:"METHOD /path, * stands for anything; empty for every call"`
	Key    string `json:"key" doc:"name of the publisher key; empty for every credential"`
	Status int    `json:"status" enum:"401|403" doc:"how it is refused (default 403)"`
}

// DataKnobs set what answers contain where callers could come to depend on it.
type DataKnobs struct {
	TrustForwardedFor bool              `json:"trust_forwarded_for" doc:"take the caller's address from X-Forwarded-For (not documented)"`
	JWTChangesPrice   bool              `json:"jwt_changes_price" doc:"offers follow the customer's country when a JWT is shown (not documented)"`
	EmptyConsents     bool              `json:"empty_consents" doc:"consent lists are empty"`
	CaptureRequired   bool              `json:"capture_required" doc:"capture/status asks for the capture form"`
	CaptchaOnLogin    string            `json:"captcha_on_login" enum:"off|required|failed" doc:"login and registration answer 429 CPT0001 or CPT0002"`
	Countries         map[string]string `json:"countries" doc:"address prefix (CIDR) to country code, besides the built-in ones"`
	OrderLifetime     time.Duration     `json:"order_lifetime" min:"1ms" doc:"an order expires after this (documented: 15m)"`
}

// HTTPKnobs set headers that every API answer carries.
type HTTPKnobs struct {
	CORS    string              `json:"cors" enum:"open|echo|credentials|none" doc:"open: *; echo: the caller's origin; credentials: echo and allow credentials (not documented)"`
	Headers map[string][]string `json:"headers" doc:"added to every answer below 400, such as Cache-Control or Vary (not documented)"`
	ETags   string              `json:"etags" enum:"asked|always|never" doc:"asked: only if the request carries If-Match or If-None-Match (documented)"`
	Gzip    bool                `json:"gzip" doc:"compress answers for callers that accept gzip"`
}

// RPCKnobs set the habits of JSON-RPC 3.0.
type RPCKnobs struct {
	StringIDs bool `json:"string_ids" doc:"ids come back as strings (documented)"`
	MaxBatch  int  `json:"max_batch" min:"1" doc:"a larger batch is refused"`
	// MaxAddresses bounds the ipAddress values of getAccessStatus per customer.
	MaxAddresses int `json:"max_addresses" min:"0" doc:"getAccessStatus answers code 14 from the next address on; 0: no bound"`
}

// WebhookKnobs set how POST /_sim/webhooks signs what it sends.
type WebhookKnobs struct {
	Secret   string `json:"secret" doc:"key of the HMAC-SHA256; empty: unsigned"`
	Header   string `json:"header" doc:"name of the signature header (not documented)"`
	Encoding string `json:"encoding" enum:"hex|base64" doc:"form of the signature (not documented)"`
}

// DefaultKnobs gives the documented behaviour with no latency, no quota and no
// faults. Where nothing is documented the commonest guess is taken.
func DefaultKnobs() Knobs {
	return Knobs{
		Latency: LatencyKnobs{Distribution: "uniform"},
		Credentials: CredentialKnobs{
			JWTLifetime:           15 * time.Minute,
			SSOLifetime:           24 * time.Hour,
			RefreshLifetime:       100 * 24 * time.Hour,
			CustomerTokenLifetime: 14 * 24 * time.Hour,
			JWTAlgorithm:          "RS256",
			MissingCode:           "AUTH0001",
			InvalidCode:           "AUTH0002",
			ExpiredCode:           "AUTH0003",
			RefreshFailureStatus:  422,
			CoreUnauthorizedBody:  "message",
			IPDeniedStatus:        401,
		},
		Quota: QuotaKnobs{
			Reset:      "delta",
			RetryAfter: "none",
			HeadersOn:  "always",
			Body:       "message",
			Batch:      "request",
			BeforeAuth: true,
		},
		Data:    DataKnobs{OrderLifetime: 15 * time.Minute, CaptchaOnLogin: "off"},
		HTTP:    HTTPKnobs{CORS: "open", ETags: "asked"},
		RPC:     RPCKnobs{StringIDs: true, MaxBatch: 100},
		Webhook: WebhookKnobs{Header: "X-Signature", Encoding: "hex"},
	}
}
