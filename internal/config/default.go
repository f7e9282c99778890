package config

import "time"

// Names of the entries that are always there.
const (
	// CoreUpstream is the Core API 3.1.
	CoreUpstream = "core"
	// RPCUpstream is the JSON-RPC 3.0 API.
	RPCUpstream = "rpc"
	// MediaStoreUpstream is the MediaStore API, where sessions log in.
	MediaStoreUpstream = "mediastore"
	// PublisherCredential is the publisher key of core and rpc.
	PublisherCredential = "publisher"
	// PublisherLimit is the quota of core and rpc.
	PublisherLimit = "publisher"
	// MediaStoreLimit is the quota of mediastore.
	MediaStoreLimit = "mediastore"
)

const (
	rpcPrefix = "/3.0/json-rpc"
	// rpcAlias is the path of the JSON-RPC API on its older host, which some
	// clients append to their base URL.
	rpcAlias = "/api/3.0/json-rpc"
)

// Default returns the built-in configuration for production. The caller owns
// it, maps included.
func Default() *Config { return DefaultFor(Production) }

// DefaultFor returns the built-in configuration for env; an unknown one is
// taken for [Production]. Hosts are those of Cleeng's developer documentation
// ("API getting started" pages of each API).
func DefaultFor(env Environment) *Config {
	core, rpc, rpcPath, mediastore := "https://api.cleeng.com", "https://api.cleeng.com", "", "https://mediastoreapi.cleeng.com"
	if env == Sandbox {
		core, mediastore = "https://api.sandbox.cleeng.com", "https://mediastoreapi-sandbox.cleeng.com"
		rpc, rpcPath = "https://sandbox.cleeng.com", rpcAlias
	} else {
		env = Production
	}
	return &Config{
		Listen:      "127.0.0.1:8401",
		Admin:       Admin{Listen: "127.0.0.1:8402"},
		Environment: env,
		Mode:        Shield,
		Guard: Guard{
			MaxBody:        10 * MiB,
			MaxHeader:      64 * KiB,
			MaxBuffered:    64 * MiB,
			MaxConnections: 10000,
		},
		Clients: map[string]Client{},
		Patience: Patience{
			// Cleeng advises clients to give up after 8 s.
			Default: 7500 * time.Millisecond,
			Max:     120 * time.Second,
			Refresh: 30 * time.Second,
		},
		Timeouts: Timeouts{
			Connect: 2 * time.Second,
			Attempt: 8 * time.Second,
			Write:   30 * time.Second,
			Idle:    30 * time.Second,
		},
		Upstreams: map[string]Upstream{
			CoreUpstream:       {URL: core, Prefix: "/3.1/", Credential: PublisherCredential, Limit: PublisherLimit},
			RPCUpstream:        {URL: rpc, Prefix: rpcPrefix, Path: rpcPath, Credential: PublisherCredential, Limit: PublisherLimit},
			MediaStoreUpstream: {URL: mediastore, Prefix: "/", Limit: MediaStoreLimit},
		},
		Credentials: map[string]Credential{
			PublisherCredential: {Kind: PublisherToken, Mode: Fill},
		},
		Sessions: Sessions{Grace: 10 * time.Second},
		Limits: map[string]Limit{
			PublisherLimit:  defaultLimit(),
			MediaStoreLimit: defaultLimit(),
		},
		Retry: Retry{
			Attempts:  2,
			Budget:    20,
			Base:      250 * time.Millisecond,
			Cap:       10 * time.Second,
			Throttled: 2,
		},
		Cache:    Cache{MaxSize: 128 * MiB},
		Journal:  Journal{MaxSize: 32 * MiB, Body: 16 * KiB, LogBodies: LogNoBodies},
		Log:      Log{Level: LevelInfo, Format: FormatAuto},
		Shutdown: Shutdown{Drain: 10 * time.Second},
	}
}

// The functions below are what an entry begins with that the defaults do not
// name, before the layers fill it.

func defaultClient() Client { return Client{Share: 1} }

func defaultCredential() Credential { return Credential{Mode: Fill} }

func defaultLimit() Limit {
	return Limit{
		Start:       Rate{Count: 20, Window: time.Second},
		Queue:       4000,
		Concurrency: 64,
		Reserve:     5,
		MaxPause:    time.Hour,
	}
}
