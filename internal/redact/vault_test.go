package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"
)

// known holds what a secret must be found as.
func knownForms(secret string) map[string]string {
	forms := map[string]string{
		"plain": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"go": strconv.Quote(secret), "go ascii": strconv.QuoteToASCII(secret),
		"hex": hex.EncodeToString([]byte(secret)), "HEX": fmt.Sprintf("%X", secret),
		"query twice": url.QueryEscape(url.QueryEscape(secret)),
	}
	for lead := range 4 {
		for tail := range 4 {
			text := []byte(strings.Repeat("<", lead) + secret + strings.Repeat(">", tail))
			id := fmt.Sprint(" ", lead, tail)
			forms["base64"+id] = base64.StdEncoding.EncodeToString(text)
			forms["base64url"+id] = base64.RawURLEncoding.EncodeToString(text)
			forms["base64 in URL"+id] = url.QueryEscape(base64.StdEncoding.EncodeToString(text))
		}
	}
	encode := func(v string) string {
		out, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(out)
	}
	forms["JSON"] = encode(secret)
	forms["JSON in JSON"] = encode(encode(secret))
	forms["JSON in JSON in JSON"] = encode(encode(encode(secret)))
	forms["URL in JSON"] = encode("https://x/?a=1&b=" + url.QueryEscape(secret))
	forms["JSON in URL"] = url.QueryEscape(encode(secret))
	forms["JSON as \\u"] = asUTF16Escapes(secret)
	forms["lower percent"] = strings.ToLower(percentAll(secret)) // hex digits only
	forms["slashes"] = strings.ReplaceAll(encode(secret), "/", `\/`)
	return forms
}

func percentAll(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

func asUTF16Escapes(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return b.String()
}

func TestVaultFindsEveryForm(t *testing.T) {
	for _, secret := range []string{
		"abcdefghijkl", "pk_9f86D081884c7d659a2feaa0", `q"u\o'te&<d>/+= x`, "dollar$%41percent%", "zwölf Zeichen é", "tab\tand\nline feed",
		strings.Repeat("long", 300),
	} {
		v := NewVault()
		v.Set("owner", New(secret))
		for name, form := range knownForms(secret) {
			text := []byte("before " + form + " after")
			rule, found := v.Find(text)
			if !found || !strings.HasPrefix(rule, "owner: ") {
				t.Errorf("%q as %s is not found in %s", secret, name, text)
			}
			out := string(v.Scrub(text))
			if !strings.HasPrefix(out, "before ") || !strings.HasSuffix(out, " after") || !strings.Contains(out, Mask) {
				t.Errorf("%q as %s is scrubbed to %s", secret, name, out)
			}
			if _, again := v.Find([]byte(out)); again {
				t.Errorf("%q as %s is still found in %s", secret, name, out)
			}
		}
	}
}

func TestVaultLeavesOtherTextAlone(t *testing.T) {
	v := NewVault()
	v.Set("owner", New("abcdefghijklmno"), New("short"), Secret{})
	for _, text := range []string{"", "short", "abcdefghijklmn", "bcdefghijklmno", `{"a":"\u0041%41"}`, strings.Repeat("abcdefghijklm", 99)} {
		in := []byte(text)
		out := v.Scrub(in)
		if string(out) != text || len(in) > 0 && &out[0] != &in[0] {
			t.Errorf("Scrub(%q) = %q", text, out)
		}
		if v.ScrubString(text) != text {
			t.Errorf("ScrubString(%q) changed it", text)
		}
	}
	var none *Vault
	if _, found := none.Find([]byte("x")); found || string(none.Scrub([]byte("x"))) != "x" {
		t.Error("a nil vault finds something")
	}
}

func TestVaultMasksOverlapsAndNeighbours(t *testing.T) {
	v := NewVault()
	v.Set("a", New("aaaabbbbccccdddd"))
	v.Set("b", New("ccccddddeeeeffff"), New("bbbbccccdddd"))
	if got := v.ScrubString("x aaaabbbbccccddddeeeeffff y"); got != "x [redacted] y" {
		t.Errorf("overlap gives %q", got)
	}
	if got := v.ScrubString("aaaabbbbccccddddaaaabbbbccccdddd"); got != "[redacted][redacted]" {
		t.Errorf("neighbours give %q", got)
	}
}

// A mask and what stands beside it can spell another secret.
func TestVaultScrubsWhatAMaskCompletes(t *testing.T) {
	v := NewVault()
	v.Set("a", New("first-secret-1"))
	v.Set("b", New("acted]-suffix"), New(Mask), New(Mask+Mask))
	for _, text := range []string{"first-secret-1-suffix", Mask, "first-secret-1first-secret-1"} {
		out := v.Scrub([]byte(text))
		if rule, found := v.Find(out); found && string(out) != Mask {
			t.Errorf("Scrub(%q) = %q, which holds %s", text, out, rule)
		}
	}
}

func TestVaultKeepsReplacedSecretsForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVault()
		v.Set("key", New("first-value-1"), New("other-value-1"))
		v.Set("key", New("second-value-2"), New("other-value-1"))
		if rule, _ := v.Find([]byte("first-value-1")); rule != "key (superseded): plain" {
			t.Errorf("replaced secret found as %q", rule)
		}
		if rule, _ := v.Find([]byte("other-value-1")); rule != "key: plain" {
			t.Errorf("kept secret found as %q", rule)
		}
		time.Sleep(keepSuperseded + time.Second)
		v.Set("key")
		if _, found := v.Find([]byte("first-value-1")); found {
			t.Error("secret still known after a day")
		}
		if _, found := v.Find([]byte("second-value-2")); !found {
			t.Error("secret forgotten as soon as its owner is gone")
		}
	})
}

func TestVaultBoundsReplacedSecrets(t *testing.T) {
	v := NewVault()
	for i := range 3 * maxSuperseded {
		v.Set("session", New(fmt.Sprintf("rotating-secret-%06d", i)))
	}
	if n := len(v.superseded); n != maxSuperseded {
		t.Errorf("%d superseded secrets are kept, want %d", n, maxSuperseded)
	}
	if _, found := v.Find(fmt.Appendf(nil, "rotating-secret-%06d", 3*maxSuperseded-2)); !found {
		t.Error("the newest superseded secret is not known")
	}
}

func TestVaultReadsWhileItChanges(t *testing.T) {
	v := NewVault()
	v.Set("fixed", New("always-there-1"))
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			v.Set("session", New(fmt.Sprintf("rotating-secret-%06d", i)))
		}
		close(stop)
	}()
	for {
		if out := v.Scrub([]byte("x always-there-1")); !bytes.Equal(out, []byte("x [redacted]")) {
			t.Fatalf("Scrub gives %q", out)
		}
		select {
		case <-stop:
			<-done
			return
		default:
		}
	}
}
