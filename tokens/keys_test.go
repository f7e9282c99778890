package tokens_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

func secrets(values ...string) []redact.Secret {
	list := make([]redact.Secret, len(values))
	for i, value := range values {
		list[i] = redact.New(value)
	}
	return list
}

func newKeys(t *testing.T, cfg tokens.KeysConfig) *tokens.Keys {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "publisher"
	}
	if cfg.Kind == "" {
		cfg.Kind = tokens.KindPublisherToken
	}
	keys, err := tokens.NewKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// gateway is an upstream that takes some keys at some endpoints.
type gateway struct {
	accepts func(key, endpoint string) bool
	sent    []string // "endpoint key" of each arrival
}

// call does what a proxy does with one app call and returns the final verdict.
func (g *gateway) call(t *testing.T, credential tokens.Credential, endpoint string) bool {
	t.Helper()
	call := &tokens.Call{Where: tokens.Where{Upstream: "core", Endpoint: endpoint}}
	for {
		if err := credential.Secure(t.Context()); err != nil {
			t.Fatal(err)
		}
		token, err := credential.Current(time.Now(), call)
		if err != nil {
			t.Fatal(err)
		}
		g.sent = append(g.sent, endpoint+" "+token.Value.Reveal())
		if g.accepts(token.Value.Reveal(), endpoint) {
			credential.Accepted(call)
			return true
		}
		again, err := credential.Rejected(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		if !again {
			return false
		}
	}
}

// want checks the arrivals since the last check.
func (g *gateway) want(t *testing.T, arrivals ...string) {
	t.Helper()
	if got, want := strings.Join(g.sent, ", "), strings.Join(arrivals, ", "); got != want {
		t.Fatalf("upstream saw %s\nwant         %s", got, want)
	}
	g.sent = nil
}

func TestKeysOnlyKeyIsNeverGivenUp(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{Values: secrets("K1")})
	spurious := true
	g := &gateway{accepts: func(_, endpoint string) bool { return endpoint == "offers" && !spurious }}
	if g.call(t, keys, "offers") {
		t.Fatal("a refused call was reported as accepted")
	}
	spurious = false
	for range 3 {
		if !g.call(t, keys, "offers") {
			t.Fatal("the only key was given up")
		}
		if g.call(t, keys, "forbidden") {
			t.Fatal("an endpoint that the key may not use accepted it")
		}
	}
	// One spurious refusal and one forbidden endpoint: no call is doubled.
	g.want(t, "offers K1", "offers K1", "forbidden K1", "offers K1", "forbidden K1", "offers K1", "forbidden K1")
}

func TestKeysDemotedOnlyBySuccessOnTheSameCall(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{Values: secrets("K1", "K2")})
	g := &gateway{accepts: func(key, _ string) bool { return key == "K2" }}

	// Refused with K1, but the call with K2 gets no verdict (a 503, say).
	call := &tokens.Call{Where: tokens.Where{Upstream: "core", Endpoint: "offers"}}
	for _, want := range []string{"K1", "K2"} {
		token, err := keys.Current(time.Now(), call)
		if err != nil || token.Value.Reveal() != want {
			t.Fatalf("Current = %q, %v; want %s", token.Value.Reveal(), err, want)
		}
		if want == "K1" {
			if again, _ := keys.Rejected(t.Context(), call); !again {
				t.Fatal("the second key was not tried")
			}
		}
	}
	if token, _ := keys.Current(time.Now(), nil); token.Value.Reveal() != "K1" {
		t.Fatal("K1 was demoted though no other key succeeded")
	}
	// Another call that succeeds with K1 demotes nothing either.
	if !g.call(t, keys, "offers") {
		t.Fatal("the second key did not cure the refusal")
	}
	g.want(t, "offers K1", "offers K2")
	g.call(t, keys, "subscriptions")
	g.want(t, "subscriptions K2")
}

func TestKeysWithDisjointPermissionsDoNotAlternate(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{Values: secrets("K1", "K2")})
	g := &gateway{accepts: func(key, endpoint string) bool { return (key == "K1") == (endpoint == "offers") }}
	for range 4 {
		for _, endpoint := range []string{"offers", "subscriptions"} {
			if !g.call(t, keys, endpoint) {
				t.Fatalf("a configured key works at %s, but the app saw the refusal", endpoint)
			}
		}
	}
	if doubled := len(g.sent) - 8; doubled > 2 {
		t.Fatalf("%d of 8 calls were doubled; want at most one for each endpoint: %v", doubled, g.sent)
	}
}

func TestKeysOneThatWasNotRefusedIsNotDemoted(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{Values: secrets("K1", "K2", "K3")})
	allowed := map[string]string{"one": "K2", "two": "K3"}
	g := &gateway{accepts: func(key, endpoint string) bool { return allowed[endpoint] == key }}
	g.call(t, keys, "two") // K1 and K2 refused, K3 preferred everywhere
	g.call(t, keys, "one") // K3 and K1 refused, K2 preferred but at two
	g.want(t, "two K1", "two K2", "two K3", "one K3", "one K1", "one K2")
	allowed["two"] = "K1"
	g.call(t, keys, "two")
	g.want(t, "two K3", "two K1")
	if token, _ := keys.Current(time.Now(), nil); token.Value.Reveal() != "K2" {
		t.Errorf("%s is preferred, but K2 was not refused", token.Value.Reveal())
	}
}

func TestKeysRefusedByAllIsRememberedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := newKeys(t, tokens.KeysConfig{Values: secrets("K1", "K2")})
		g := &gateway{accepts: func(_, endpoint string) bool { return endpoint == "offers" }}
		g.call(t, keys, "forbidden")
		g.want(t, "forbidden K1", "forbidden K2")
		g.call(t, keys, "offers")
		time.Sleep(59 * time.Second)
		g.call(t, keys, "forbidden")
		g.want(t, "offers K1", "forbidden K1")
		time.Sleep(time.Second)
		g.call(t, keys, "forbidden")
		g.want(t, "forbidden K1", "forbidden K2")

		// A new key is worth trying at once.
		if err := keys.SetKeys(secrets("K3", "K2")); err != nil {
			t.Fatal(err)
		}
		g.call(t, keys, "forbidden")
		g.want(t, "forbidden K3", "forbidden K2")
	})
}

func TestKeysAcceptanceEndsTheMemory(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{Values: secrets("K1", "K2")})
	works := ""
	g := &gateway{accepts: func(key, _ string) bool { return key == works }}
	g.call(t, keys, "offers")
	if status := keys.Status(); status.Valid || status.LastError == "" {
		t.Fatalf("after a refusal of all keys the status is %+v", status)
	}
	works = "K1"
	g.call(t, keys, "offers")
	if status := keys.Status(); !status.Valid || status.LastError != "" {
		t.Fatalf("after an acceptance the status is %+v", status)
	}
	works = "K2"
	if !g.call(t, keys, "offers") {
		t.Fatal("the app saw a refusal that K2 cures")
	}
	g.want(t, "offers K1", "offers K2", "offers K1", "offers K1", "offers K2")
}

func TestKeysBackToTheFirstWhenTheFileChanges(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{Values: secrets("K1", "K2")})
	revoked := map[string]bool{"K1": true}
	g := &gateway{accepts: func(key, _ string) bool { return !revoked[key] }}
	g.call(t, keys, "offers")
	g.call(t, keys, "offers")
	g.want(t, "offers K1", "offers K2", "offers K2")
	account, before := keys.Account(), keys.Status().Generation
	k2, _ := keys.Current(time.Now(), nil)

	if err := keys.SetKeys(secrets("K1", "K2")); err != nil || keys.Status().Generation != before {
		t.Fatal("setting the same list is no change")
	}
	if err := keys.SetKeys(secrets("K3", "K2", "K3")); err != nil {
		t.Fatal(err)
	}
	g.call(t, keys, "offers")
	g.want(t, "offers K3")
	if keys.Status().Generation != before+1 {
		t.Errorf("generation = %d, want %d", keys.Status().Generation, before+1)
	}
	if keys.Account() != account || !keys.Holds(k2.ID) {
		t.Error("a rotation with overlap is the same account, and K2 is still held")
	}
	if err := keys.SetKeys(secrets("K4")); err != nil {
		t.Fatal(err)
	}
	if keys.Account() == account || keys.Holds(k2.ID) {
		t.Error("a list with nothing in common may be another publisher's")
	}
}

func TestKeysWithoutAnyPass(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{})
	call := &tokens.Call{}
	if _, err := keys.Current(time.Now(), call); !errors.Is(err, tokens.ErrNoToken) {
		t.Fatalf("Current = %v, want ErrNoToken", err)
	}
	keys.Accepted(call)
	if again, err := keys.Rejected(t.Context(), call); again || err != nil {
		t.Fatalf("Rejected = %v, %v", again, err)
	}
	if keys.Account() != "" || keys.Status().Valid {
		t.Fatal("no key is no account and not valid")
	}
}

func TestHeaderFormSet(t *testing.T) {
	keys := newKeys(t, tokens.KeysConfig{
		Name: "service", Kind: tokens.KindHeader, Header: tokens.HeaderForm{Name: "x-api-key"}, Values: secrets("Basic dTpw"),
	})
	token, err := keys.Current(time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"X-Api-Key": {"from", "the app"}}
	keys.Header().Set(h, token)
	if got := h.Values("X-Api-Key"); len(got) != 1 || got[0] != "Basic dTpw" {
		t.Errorf("header = %q", got)
	}
	tokens.BearerForm().Set(h, tokens.Token{Value: redact.New("jwt")})
	if got := h.Get("Authorization"); got != "Bearer jwt" {
		t.Errorf("Authorization = %q", got)
	}
	before := len(h)
	tokens.BearerForm().Set(h, tokens.Token{})
	tokens.HeaderForm{}.Set(h, token)
	if len(h) != before || h.Get("Authorization") != "Bearer jwt" {
		t.Errorf("no token or no name changed the header: %v", h)
	}
}
