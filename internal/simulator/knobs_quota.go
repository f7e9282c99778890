package simulator

import "time"

// QuotaKnobs set the limits and every known way of telling them.
type QuotaKnobs struct {
	// Limits hold together: a call passes only if all that match it admit it.
	// None means unlimited.
	Limits []Limit `json:"limits" doc:"all that match a call must admit it; none: unlimited"`
	// Dialects are the header families; several may be sent at once.
	Dialects   []string `json:"dialects" enum:"x-ratelimit|ietf|ietf-07|ietf-06" doc:"header families; none: no rate headers"`
	Reset      string   `json:"reset" enum:"delta|epoch|epoch_ms|date" doc:"unit of X-RateLimit-Reset (not documented)"`
	Fractional bool     `json:"fractional" doc:"delta resets with milliseconds, not rounded up to seconds"`
	RetryAfter string   `json:"retry_after" enum:"none|seconds|date" doc:"form of Retry-After on a 429"`
	HeadersOn  string   `json:"headers_on" enum:"always|429" doc:"when rate headers are sent"`
	Body       string   `json:"body" enum:"message|errors|captcha_required|captcha_failed|empty|html" doc:"body of a 429 (not documented)"`
	Batch      string   `json:"batch" enum:"request|call" doc:"a JSON-RPC batch counts once or per element (not documented)"`
	BeforeAuth bool     `json:"before_auth" doc:"calls with a bad credential are counted too"`
	// CountDenied counts refused calls as well, so that hammering never recovers
	// on a sliding window.
	CountDenied bool `json:"count_denied" doc:"refused calls use quota too"`
	// ForeignRate is what another consumer of the same quota takes, in calls a
	// second, evenly spread, from each counter.
	ForeignRate float64 `json:"foreign_rate" min:"0" doc:"calls a second that another consumer takes from each counter"`
}

// Limit is one quota. Its counters are kept per subject, see By.
type Limit struct {
	Name string `json:"name" doc:"policy name in IETF headers and counters; must be unique (default: limit-N)"`
	// Provider is the algorithm: "fixed" windows, an exact "sliding" log, or a
	// token "bucket" that holds Burst and refills Limit per Window.
	Provider string        `json:"provider" enum:"fixed|sliding|bucket" doc:"the algorithm (default fixed)"`
	Limit    int           `json:"limit" min:"0" doc:"calls per window; 0 admits none"`
	Window   time.Duration `json:"window" min:"0" doc:"length of the window (default 1s)"`
	Burst    int           `json:"burst" min:"0" doc:"capacity of a bucket (default: limit)"`
	Align    string        `json:"align" enum:"clock|first" doc:"fixed windows begin at whole multiples on the clock, or with the first call (default clock)"`
	// By names what is counted; several names count the combination.
	By []string `json:"by" enum:"key|publisher|customer|ip|endpoint" doc:"what is counted; none: all calls together"`
	// Surfaces and Match narrow the calls that the limit applies to.
	Surfaces []string `json:"surfaces" enum:"core|rpc|mediastore|inapp|device|sim" doc:"where it applies; none: everywhere"`
	Match    string   `json:"match" doc:"METHOD /path, * stands for anything; empty: every call"`
}

// algorithm, window length, capacity and alignment with their defaults filled in.
func (l Limit) normal(i int) Limit {
	if l.Name == "" {
		l.Name = "limit-" + itoa(i+1)
	}
	if l.Provider == "" {
		l.Provider = providerFixed
	}
	if l.Window <= 0 {
		l.Window = time.Second
	}
	if l.Burst == 0 {
		l.Burst = l.Limit
	}
	if l.Align == "" {
		l.Align = "clock"
	}
	return l
}

const (
	providerFixed   = "fixed"
	providerSliding = "sliding"
	providerBucket  = "bucket"
)
