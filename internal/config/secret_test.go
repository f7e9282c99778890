package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

const canary = "Canary0123456789abcdef"

// TestSecretsFromFiles reads each kind of secret by its twin.
func TestSecretsFromFiles(t *testing.T) {
	file := write(t, "secret", "\n  "+canary+"\r\n\n")
	keys := write(t, "keys", "first-key\n\n  second-key \nfirst-key\n")
	password := write(t, "password", "a pass \"phrase\"\n")
	cfg := load(t, `
guard: {client_token_file: `+file+`}
state_key_file: `+password+`
credentials:
  publisher: {tokens_file: `+keys+`}
  service: {kind: session, email: a@example.com, password_file: `+password+`, publisher_id: "1"}
  device: {kind: session, refresh_token_file: `+file+`}
  partner: {kind: header, name: X-Api-Key, value_file: `+password+`}
upstreams:
  core: {credential: service}
  rpc: {credential: device}
  mediastore: {credential: partner}
`, "CLEENGATE_ADMIN_TOKEN_FILE="+file)
	for path, got := range map[string]string{
		"guard.client_token": cfg.Guard.ClientToken.Reveal(),
		"admin.token":        cfg.Admin.Token.Reveal(),
		"refresh_token":      cfg.Credentials["device"].RefreshToken.Reveal(),
	} {
		if got != canary {
			t.Errorf("%s is %q, want the file's trimmed content", path, got)
		}
	}
	for path, got := range map[string]string{
		"password":  cfg.Credentials["service"].Password.Reveal(),
		"value":     cfg.Credentials["partner"].Value.Reveal(),
		"state_key": cfg.StateKey.Reveal(),
	} {
		if got != `a pass "phrase"` {
			t.Errorf("%s is %q, want the whole line", path, got)
		}
	}
	tokens := cfg.Credentials["publisher"].Tokens
	if len(tokens) != 2 || tokens[0].Reveal() != "first-key" || tokens[1].Reveal() != "second-key" {
		t.Errorf("tokens hold %d keys, want first-key and second-key", len(tokens))
	}
	if len(cfg.Warnings()) != 0 {
		t.Errorf("unexpected warnings: %q", cfg.Warnings())
	}
}

func TestSecretsInline(t *testing.T) {
	cfg := load(t, "credentials: {publisher: {tokens_file: ''}}\n", "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS= one, two ,", "CLEENGATE_GUARD_CLIENT_TOKEN="+canary)
	if tokens := cfg.Credentials["publisher"].Tokens; len(tokens) != 2 || tokens[1].Reveal() != "two" {
		t.Errorf("tokens hold %d keys, want one and two", len(tokens))
	}
	if got := cfg.Guard.ClientToken.Reveal(); got != canary {
		t.Errorf("the client token is %q", got)
	}
}

// TestTwinsOverLayers gives a secret and its file in different layers, which
// is as ambiguous as in one.
func TestTwinsOverLayers(t *testing.T) {
	file := write(t, "token", canary)
	_, err := config.Load(config.Options{
		File: write(t, "c.yaml", "credentials: {publisher: {tokens_file: "+file+"}}\n"),
		Env:  []string{"CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS=other"},
	})
	want := "c.yaml:1: credentials.publisher.tokens_file: is given together with credentials.publisher.tokens (CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS); keep one of the two"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want …%s", err, want)
	}
}

// TestReadableSecretsWarn covers secret files and configuration files that
// hold secrets.
func TestReadableSecretsWarn(t *testing.T) {
	open := write(t, "open", canary)
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	file := write(t, "c.yaml", "admin: {token: "+canary+"}\nguard: {client_token_file: "+open+"}\n")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	warnings := strings.Join(cfg.Warnings(), "\n")
	for _, want := range []string{
		file + ":2: guard.client_token_file: the file " + fmt.Sprintf("%q", open) + " can be read by other users (mode 0640); chmod 600 it",
		file + " holds a secret and can be read by other users (mode 0644)",
	} {
		if !strings.Contains(warnings, want) {
			t.Errorf("missing %q in:\n%s", want, warnings)
		}
	}
	if strings.Contains(warnings, canary) {
		t.Errorf("a warning shows the secret:\n%s", warnings)
	}
}

// TestSecretsStayHidden puts a secret where each secret key expects one, in
// right and wrong shapes, and looks for it in errors, warnings and dumps.
func TestSecretsStayHidden(t *testing.T) {
	const c = canary
	shapes := []string{
		c, `"` + c + ` x"`, `"'` + c + `'"`, "[" + c + "]", "[[" + c + "]]", "[" + c + ", {a: " + c + "}]", "{a: " + c + "}", "*" + c, "!" + "x " + c,
		"!!binary " + c, `"` + c + `\n` + c + `"`, `"` + c + `\u0007"`, "&a " + c, "|\n      " + c + "\n      " + c + "\n", "@" + c, "`" + c, "%" + c, c + ": " + c, "{" + c, `"` + c,
	}
	keys := []string{
		"state_key: %s\n", "admin:\n  token: %s\n", "guard:\n  client_token: %s\n", "clients:\n  shop:\n    token: %s\n",
		"credentials:\n  publisher:\n    tokens: %s\n", "credentials:\n  s:\n    kind: session\n    password: %s\n",
		"credentials:\n  s:\n    kind: session\n    refresh_token: %s\n", "credentials:\n  h:\n    kind: header\n    name: X-Key\n    value: %s\n",
		"credentials:\n  publisher:\n    value: %s\n", "guard:\n  client_token: %s\n  client_token_file: ../files/token\n",
		"guard:\n  client_token_file: %s\n", "credentials:\n  publisher:\n    tokens_file: %s\n", "tls: {cert_file: a, key_file: %s}\n",
	}
	refused := 0
	for _, key := range keys {
		for _, shape := range shapes {
			text := fmt.Sprintf(key, shape)
			cfg, err := config.Load(config.Options{File: write(t, "c.yaml", text)})
			var shown strings.Builder
			if err != nil {
				refused++
				shown.WriteString(err.Error())
			} else {
				if err := cfg.DumpSources(&shown); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&shown, "%v %+v %#v %q", *cfg, *cfg, *cfg, cfg.Warnings())
			}
			// A file's name may be shown; the secret in its place only where it
			// does not look like one, so a dump shows what the user put there.
			if strings.Contains(shown.String(), canary) && (err != nil || !strings.Contains(key, "_file")) {
				t.Errorf("shown for %q:\n%s", text, shown.String())
			}
		}
	}
	if refused < 100 {
		t.Errorf("only %d shapes were refused", refused)
	}
}

// TestSecretsStayHiddenInVariables does the same for the environment.
func TestSecretsStayHiddenInVariables(t *testing.T) {
	for _, variable := range []string{
		"CLEENGATE_ADMIN_TOKEN=%s x", "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS=%s x,b", "CLEENGATE_CREDENTIALS_PUBLISHER_PASSWORD=%s",
		"CLEENGATE_GUARD_CLIENT_TOKEN='%s'", "CLEENGATE_TOKEN=%s", "CLEENGATE_CREDENTIALS_NOBODY_PASSWORD=%s", "CLEENGATE_STATE_KEY_FILE=%s",
	} {
		cfg, err := config.Load(config.Options{Env: []string{fmt.Sprintf(variable, canary)}})
		shown := fmt.Sprint(err)
		if cfg != nil {
			shown += fmt.Sprint(cfg.Warnings())
		}
		if strings.Contains(shown, canary) {
			t.Errorf("%s is shown: %s", variable, shown)
		}
		if cfg != nil && len(cfg.Warnings()) < 2 {
			t.Errorf("%s is accepted without a warning", variable)
		}
	}
}
