package config

import (
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// Config is the whole effective configuration, as [Load] returns it. It is
// valid, complete (every key has its default where nothing else is set) and
// immutable by convention: it is shared between goroutines, so nobody writes
// to one that came from Load. Tests build theirs with [Default].
//
// Field tags carry what the layers need: yaml is the last part of the key
// path, usage the help text of its flag, range the accepted values (both ends
// included, written as in the file), and restart marks what a reload cannot
// change (see [RestartNeeded]).
type Config struct {
	// Listen is the app-facing address: "host:port" or "unix:/path".
	Listen string `yaml:"listen" restart:"yes" usage:"address the app calls: host:port or unix:/path"`
	TLS    TLS    `yaml:"tls"`
	Admin  Admin  `yaml:"admin"`
	// Environment chooses the default upstream URLs.
	Environment Environment `yaml:"environment" usage:"which Cleeng to call by default: production or sandbox"`
	// StateDir keeps sessions, learned limits and totals; "" means the user's
	// state directory and "none" memory only, see [Config.StateDirectory].
	StateDir string `yaml:"state_dir" restart:"yes" usage:"directory for sessions and learned limits; empty: the user's; none: memory only"`
	// StateKey encrypts what is kept in StateDir; zero leaves it in plain text.
	StateKey     redact.Secret `yaml:"state_key" restart:"yes"`
	StateKeyFile string        `yaml:"state_key_file" restart:"yes" usage:"file whose content encrypts the state directory"`
	Mode         Mode          `yaml:"mode" usage:"shield, or observe: only count what would have been done"`
	Guard        Guard         `yaml:"guard"`
	// Clients are the known callers by name.
	Clients     map[string]Client     `yaml:"clients"`
	Patience    Patience              `yaml:"patience"`
	Timeouts    Timeouts              `yaml:"timeouts"`
	Upstreams   map[string]Upstream   `yaml:"upstreams"`
	Credentials map[string]Credential `yaml:"credentials"`
	Sessions    Sessions              `yaml:"sessions"`
	Limits      map[string]Limit      `yaml:"limits"`
	Retry       Retry                 `yaml:"retry"`
	Cache       Cache                 `yaml:"cache"`
	Journal     Journal               `yaml:"journal"`
	// EgressAddress is the address that Cleeng sees, for support bundles; ""
	// is unknown.
	EgressAddress string   `yaml:"egress_address" usage:"public IP address of this host, stated in support bundles"`
	Log           Log      `yaml:"log"`
	Shutdown      Shutdown `yaml:"shutdown"`

	origin   origins
	warnings []string
}

// TLS serves the app-facing listener over TLS. Both files or neither.
type TLS struct {
	CertFile string `yaml:"cert_file" restart:"yes" usage:"PEM certificate chain of the listener"`
	KeyFile  string `yaml:"key_file" restart:"yes" usage:"PEM private key of the listener"`
}

// Enabled reports whether the listener speaks TLS.
func (t TLS) Enabled() bool { return t.CertFile != "" }

// Admin is the listener for health, metrics and the JSON API.
type Admin struct {
	Listen string `yaml:"listen" restart:"yes" usage:"address of the admin listener: host:port or unix:/path"`
	// MetricsListen, when set, serves only the probes and GET /metrics. It
	// needs no token, so it may be reachable from elsewhere.
	MetricsListen string        `yaml:"metrics_listen" restart:"yes" usage:"further address for probes and /metrics alone"`
	Token         redact.Secret `yaml:"token"`
	TokenFile     string        `yaml:"token_file" usage:"file with the token that the admin listener asks for"`
	// Pprof serves /debug/pprof/, whose profiles may hold traffic in memory.
	Pprof bool `yaml:"pprof" restart:"yes" usage:"serve /debug/pprof/ on the admin listener"`
}

// Guard refuses requests before anything else looks at them.
type Guard struct {
	// AllowedHosts are accepted in Host besides loopback names; ports and
	// letter case are not compared.
	AllowedHosts []string `yaml:"allowed_hosts" usage:"further host names accepted in the Host header"`
	// AllowedOrigins are the web origins whose pages may call.
	AllowedOrigins  []string      `yaml:"allowed_origins" usage:"web origins whose pages may call, such as https://shop.example"`
	ClientToken     redact.Secret `yaml:"client_token"`
	ClientTokenFile string        `yaml:"client_token_file" usage:"file with the token that clients must show"`
	MaxBody         Size          `yaml:"max_body" range:"1B..1TiB" usage:"largest request body"`
	MaxHeader       Size          `yaml:"max_header" range:"1KiB..16MiB" restart:"yes" usage:"largest request header"`
	// MaxBuffered bounds all request bodies kept for replay together.
	MaxBuffered    Size `yaml:"max_buffered" range:"1B..64GiB" usage:"memory for all bodies kept for replay together"`
	MaxConnections int  `yaml:"max_connections" range:"1..1000000" restart:"yes" usage:"open client connections"`
}

// Patience is how long a request may wait, from arrival to the first byte of
// the answer's header.
type Patience struct {
	Default time.Duration `yaml:"default" range:"1ms..24h" usage:"wait of a request that asks for none"`
	// Max caps what a request asks for with Prefer: wait.
	Max time.Duration `yaml:"max" range:"1ms..24h" usage:"longest wait a request may ask for"`
	// Refresh is the patience of a customer's token refresh, which is worth
	// waiting for: a lost one logs the customer out.
	Refresh time.Duration `yaml:"refresh" range:"1ms..24h" usage:"wait of a customer's token refresh"`
}

// Timeouts bound single steps towards the upstream.
type Timeouts struct {
	Connect time.Duration `yaml:"connect" range:"1ms..10m" usage:"establishing a connection, TLS included"`
	Attempt time.Duration `yaml:"attempt" range:"1ms..1h" usage:"one attempt, from departure to the answer's header"`
	// Write replaces Attempt for calls that are unsafe to repeat: once
	// departed, nothing else cuts them.
	Write time.Duration `yaml:"write" range:"1ms..1h" usage:"one attempt of a call that is unsafe to repeat"`
	// Idle is the longest pause between two pieces of a body, each way.
	Idle time.Duration `yaml:"idle" range:"1ms..24h" usage:"silence allowed within a body"`
}

// Sessions concerns customers' own tokens, which pass through unchanged.
type Sessions struct {
	// Grace keeps the answer of a customer's refresh for duplicates of it;
	// 0 joins only those that run at the same time.
	Grace time.Duration `yaml:"grace" range:"0s..1h" usage:"how long duplicates of a customer's refresh get its answer"`
}

// Retry repeats failed calls, where repeating is safe.
type Retry struct {
	// Attempts counts the first send; 1 turns retrying off.
	Attempts int `yaml:"attempts" range:"1..10" usage:"sends of one call at most, the first included"`
	// Budget is the share of calls that may be retries.
	Budget Percent       `yaml:"budget" range:"0%..100%" usage:"retries as a share of all calls"`
	Base   time.Duration `yaml:"base" range:"1ms..1h" usage:"first backoff delay"`
	// Cap bounds every delay, the first too.
	Cap time.Duration `yaml:"cap" range:"1ms..1h" usage:"longest backoff delay"`
	// Throttled is how often a call refused with a throttle 429 goes again.
	Throttled int `yaml:"throttled" range:"0..100" usage:"further sends of a call that was throttled"`
	// Payments lets calls that charge be sent again after a throttle 429 or an
	// expired-credential 401, which were refused before handling.
	Payments bool `yaml:"payments" usage:"also send throttled or unauthenticated payments again"`
}

// Journal keeps what happened to recent calls, in memory.
type Journal struct {
	// MaxSize bounds all of it; 0 keeps nothing.
	MaxSize Size `yaml:"max_size" range:"0..64GiB" usage:"memory for recorded calls"`
	// Body is how much of each body a record keeps; 0 keeps none.
	Body      Size      `yaml:"body" range:"0..16MiB" usage:"part of each body that a record keeps"`
	LogBodies LogBodies `yaml:"log_bodies" usage:"masked bodies in the log: none, failures or all"`
}

// Log is the process's own log, on standard error.
type Log struct {
	Level  LogLevel  `yaml:"level" usage:"debug, info, warn or error"`
	Format LogFormat `yaml:"format" restart:"yes" usage:"json, text, or auto: text on a terminal"`
}

// Shutdown is what SIGTERM begins.
type Shutdown struct {
	// Delay passes between readiness going off and the listener closing.
	Delay time.Duration `yaml:"delay" range:"0s..1h" usage:"wait before closing, so that balancers notice"`
	// Drain is how long running calls may take to end.
	Drain time.Duration `yaml:"drain" range:"0s..24h" usage:"time for running calls to end"`
}
