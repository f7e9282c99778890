package config

// Environment is one of the two Cleeng installations.
type Environment string

// The environments, and the URLs that [DefaultFor] gives them.
const (
	Production Environment = "production"
	Sandbox    Environment = "sandbox"
)

// Mode is what cleengate does with traffic.
type Mode string

// The modes.
const (
	// Shield waits, renews, repeats, joins and caches.
	Shield Mode = "shield"
	// Observe guards and injects, and only counts what else it would have done.
	Observe Mode = "observe"
)

// CredentialKind is how a credential is obtained and where it goes.
type CredentialKind string

// The credential kinds.
const (
	// PublisherToken is one or more publisher keys: a header for the Core API,
	// a parameter for JSON-RPC.
	PublisherToken CredentialKind = "publisher_token"
	// Session is a service account that logs in and refreshes.
	Session CredentialKind = "session"
	// Header is a fixed header field.
	Header CredentialKind = "header"
)

// CredentialMode is when a credential is put into a call.
type CredentialMode string

// The credential modes.
const (
	// Fill puts it in where the call carries none that its endpoint accepts.
	Fill CredentialMode = "fill"
	// Replace puts it in always.
	Replace CredentialMode = "replace"
	// Pass puts it in never.
	Pass CredentialMode = "pass"
)

// LogBodies is which calls have their masked bodies logged.
type LogBodies string

// The choices for [LogBodies].
const (
	LogNoBodies     LogBodies = "none"
	LogFailedBodies LogBodies = "failures"
	LogAllBodies    LogBodies = "all"
)

// LogLevel is the least severe level that is logged.
type LogLevel string

// The log levels.
const (
	LevelDebug LogLevel = "debug"
	LevelInfo  LogLevel = "info"
	LevelWarn  LogLevel = "warn"
	LevelError LogLevel = "error"
)

// LogFormat is how log lines are written.
type LogFormat string

// The log formats.
const (
	// FormatAuto is text on a terminal and JSON elsewhere.
	FormatAuto LogFormat = "auto"
	FormatJSON LogFormat = "json"
	FormatText LogFormat = "text"
)

// chooser is a string type with a closed set of values.
type chooser interface{ choices() []string }

func (Environment) choices() []string { return []string{string(Production), string(Sandbox)} }
func (Mode) choices() []string        { return []string{string(Shield), string(Observe)} }
func (CredentialKind) choices() []string {
	return []string{string(PublisherToken), string(Session), string(Header)}
}

func (CredentialMode) choices() []string {
	return []string{string(Fill), string(Replace), string(Pass)}
}

func (LogBodies) choices() []string {
	return []string{string(LogNoBodies), string(LogFailedBodies), string(LogAllBodies)}
}

func (LogLevel) choices() []string {
	return []string{string(LevelDebug), string(LevelInfo), string(LevelWarn), string(LevelError)}
}

func (LogFormat) choices() []string {
	return []string{string(FormatAuto), string(FormatJSON), string(FormatText)}
}
