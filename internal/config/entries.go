package config

import (
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// Client is a known caller. A request belongs to it by Cleengate-Client, by
// its own client token, or by the beginning of User-Agent.
type Client struct {
	UserAgent string        `yaml:"user_agent" usage:"beginning of the caller's User-Agent"`
	Token     redact.Secret `yaml:"token"`
	TokenFile string        `yaml:"token_file" usage:"file with the caller's own client token"`
	// Share weighs its place in the queue against other callers.
	Share int `yaml:"share" range:"1..1000" usage:"weight in the queue against other callers"`
	// Patience replaces patience.default for it; 0 leaves that.
	Patience time.Duration `yaml:"patience" range:"0s..24h" usage:"wait of its requests; 0 is patience.default"`
}

// Upstream is one API that calls are forwarded to.
type Upstream struct {
	// URL is scheme and host alone, https except to loopback.
	URL string `yaml:"url" usage:"scheme and host, such as https://api.cleeng.com"`
	// Prefix selects the requests, longest first. A prefix that ends in "/"
	// covers everything below, one that does not also covers itself alone.
	Prefix string `yaml:"prefix" usage:"beginning of the request paths that go here"`
	// Path replaces Prefix when sent; "" sends the path as it came.
	Path string `yaml:"path" usage:"what replaces the prefix when sent; empty leaves the path"`
	// Listen gives the upstream a listener of its own; "" shares Config.Listen.
	Listen string `yaml:"listen" restart:"yes" usage:"own listener: host:port or unix:/path"`
	// Credential names an entry of Config.Credentials; "" injects none.
	Credential string `yaml:"credential" usage:"name of the credential to inject; empty: none"`
	// Limit names an entry of Config.Limits; "" is not paced.
	Limit string `yaml:"limit" usage:"name of the limit to keep; empty: not paced"`
	// Allow lists what may be called, checked before injection; empty allows all.
	Allow []Pattern `yaml:"allow" usage:"calls that may pass, such as GET /3.1/offers/*; empty: all"`
	// CAFile holds PEM certificates trusted instead of the system's.
	CAFile string `yaml:"ca_file" usage:"PEM file of certificate authorities to trust instead of the system's"`
	// Proxy is the outbound proxy's URL; "" follows HTTPS_PROXY and NO_PROXY
	// of the environment, "direct" uses none.
	Proxy string `yaml:"proxy" usage:"outbound proxy URL; empty: HTTPS_PROXY; direct: none"`
	// Connections bounds the pool; 0 follows the limit's concurrency.
	Connections int `yaml:"connections" range:"0..10000" usage:"connections at most; 0 follows the limit's concurrency"`
}

// Credential is what inject puts into calls. Kind decides which of the fields
// below may be set; secrets hold their value after [Load] whether it came
// from the key itself or from its _file twin.
type Credential struct {
	Kind CredentialKind `yaml:"kind" usage:"publisher_token, session or header"`
	Mode CredentialMode `yaml:"mode" usage:"fill where the call carries none, replace always, or pass never"`

	// Tokens are publisher keys in order of preference (publisher_token).
	Tokens     []redact.Secret `yaml:"tokens"`
	TokensFile string          `yaml:"tokens_file" usage:"file with one publisher key a line"`

	// Upstream is where a session logs in and refreshes; "" is mediastore.
	Upstream string `yaml:"upstream" usage:"upstream where a session logs in; empty: mediastore"`
	// Email, Password and PublisherID log a session in.
	Email        string        `yaml:"email" usage:"account that a session logs in with"`
	Password     redact.Secret `yaml:"password"`
	PasswordFile string        `yaml:"password_file" usage:"file with the account's password"`
	PublisherID  string        `yaml:"publisher_id" usage:"publisher that the account belongs to"`
	// RefreshToken begins a session instead of a login.
	RefreshToken     redact.Secret `yaml:"refresh_token"`
	RefreshTokenFile string        `yaml:"refresh_token_file" usage:"file with a refresh token to begin a session with"`

	// Name and Value are a fixed header field (header).
	Name      string        `yaml:"name" usage:"field name of a header credential"`
	Value     redact.Secret `yaml:"value"`
	ValueFile string        `yaml:"value_file" usage:"file with the field value of a header credential"`
}

// Limit is one quota that upstreams share by naming it.
type Limit struct {
	// Rate pins a ceiling; the zero Rate (auto) learns it.
	Rate Rate `yaml:"rate" usage:"ceiling such as 50/s, or auto: learned"`
	// Start is the pace before anything is known.
	Start Rate `yaml:"start" usage:"pace before anything is learned"`
	// Burst is how many may leave at once; the zero Burst (auto) is smooth.
	Burst Burst `yaml:"burst" usage:"calls that may leave at once, or auto"`
	// Queue is how many calls may wait; 0 lets none wait.
	Queue int `yaml:"queue" range:"0..1000000" usage:"calls that may wait"`
	// Concurrency is how many may be under way at once.
	Concurrency int `yaml:"concurrency" range:"1..10000" usage:"calls under way at once"`
	// Reserve is the part of the rate kept for logins and refreshes.
	Reserve Percent `yaml:"reserve" range:"0%..50%" usage:"part of the rate kept for logins and refreshes"`
	// MaxPause clamps what a 429 may ask for.
	MaxPause time.Duration `yaml:"max_pause" range:"1ms..24h" usage:"longest pause that a 429 may ask for"`
}

// Cache concerns stored answers.
type Cache struct {
	// MaxSize bounds the store; 0 turns the cache off, and less than 64 KiB is
	// taken as that.
	MaxSize Size `yaml:"max_size" range:"0..1TiB" usage:"memory for stored answers; 0: no cache"`
	// Entitlements lets access checks be answered from the cache. Cleeng
	// derives engagement from checks, so it is off unless asked for.
	Entitlements bool `yaml:"entitlements" usage:"also cache access checks, from which Cleeng derives engagement"`
	// Rules override the catalogue's lifetimes; the first match wins.
	Rules []CacheRule `yaml:"rules"`
}

// CacheRule overrides how long matching answers are fresh.
type CacheRule struct {
	Match Pattern `yaml:"match"`
	// TTL is how long an answer is fresh; 0 never stores it.
	TTL time.Duration `yaml:"ttl" range:"0s..720h"`
	// Stale is how long after TTL an answer may still be served while it is
	// revalidated, while the upstream fails, or while its limit pauses.
	Stale time.Duration `yaml:"stale" range:"0s..720h"`
}
