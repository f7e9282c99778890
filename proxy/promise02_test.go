package proxy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// identityOf is what an upstream can tell of who asks: all fields that it may
// take a credential from, and what its Vary names.
func identityOf(r *http.Request) string {
	h := sha256.New()
	for _, name := range []string{"Authorization", "X-Publisher-Token", "Cookie", "X-Api-Key", "X-Forwarded-For", "Accept-Language", "X-Shop"} {
		fmt.Fprintf(h, "%s=%q\n", name, r.Header.Values(name))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// TestPromise02_NoAnswerOfAnotherIdentity lets two identities, in several
// disguises, ask for the same 1,000 random URLs at once. The upstream answers
// with who asked for what, under all kinds of Cache-Control and Vary, so that
// any answer that went astray shows.
func TestPromise02_NoAnswerOfAnotherIdentity(t *testing.T) {
	controls := []string{"", "max-age=60", "public, max-age=60", "private", "no-store", "no-cache", "max-age=0, stale-while-revalidate=60", "s-maxage=5", "must-revalidate"}
	up := count(func(w http.ResponseWriter, r *http.Request) {
		n := rand.N(len(controls))
		if c := controls[n]; c != "" {
			w.Header().Set("Cache-Control", c)
		}
		switch rand.N(4) {
		case 0:
			w.Header().Set("Vary", "X-Shop, Accept-Encoding")
		case 1:
			w.Header().Add("Vary", "Origin")
			w.Header().Add("Vary", "x-shop")
		case 2:
			w.Header().Set("Vary", "*")
		default:
			if r.Header.Get("X-Shop") != "" {
				w.Header().Set("Vary", "X-Shop")
			} else {
				// Whoever depends on the field has to say so each time.
				w.Header().Set("Vary", "X-Shop, User-Agent")
			}
		}
		if rand.N(3) == 0 {
			w.Header().Set("ETag", fmt.Sprintf("%q", identityOf(r)+r.URL.RequestURI()))
		}
		_, _ = fmt.Fprintf(w, "%s %s", identityOf(r), r.URL.RequestURI())
	})
	r := newCacheRig(t, up)
	r.sinkOff()
	disguises := [][]string{
		{"Authorization", "Bearer alice.jwt.one"},
		{"Authorization", "Bearer bob.jwt.two"},
		{"Authorization", "Bearer alice.jwt.one", "X-Shop", "north"},
		{"Authorization", "Bearer bob.jwt.two", "X-Shop", "north"},
		{"Cookie", "CleengClientAccessToken=alice"},
		{"Cookie", "CleengClientAccessToken=bob"},
		{"X-Api-Key", "alice"},
		{"X-Api-Key", "bob", "Accept-Language", "de"},
		{"X-Publisher-Token", "alice"},
		{"X-Publisher-Token", "bob"},
		{"Authorization", "Bearer alice.jwt.one", "X-Forwarded-For", "192.0.2.1"},
		{"Authorization", "Bearer alice.jwt.one", "Cookie", "CleengClientAccessToken=bob"},
	}
	templates := []string{"/offers", "/offers/S%d", "/customers/%d", "/customers/%d/consents", "/3.1/offers/S%d", "/3.1/customers/%d", "/3.1/subscriptions", "/anything/%d", "/payment-methods"}
	urls := make([]string, 1000)
	for i := range urls {
		path := templates[rand.N(len(templates))]
		if n := rand.N(20); len(path) > 2 && path[len(path)-1] == 'd' || path == "/customers/%d/consents" {
			path = fmt.Sprintf(path, n)
		}
		urls[i] = fmt.Sprintf("%s?q=%d", path, rand.N(10))
		if rand.N(4) == 0 {
			urls[i] += "&customerIP=192.0.2." + fmt.Sprint(rand.N(3))
		}
	}
	client := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}
	t.Cleanup(client.CloseIdleConnections)
	var workers sync.WaitGroup
	next := make(chan string)
	for worker := range 16 {
		workers.Go(func() {
			for url := range next {
				disguise := disguises[(len(url)+int(url[len(url)-1])+rand.N(2))%len(disguises)]
				for range 2 {
					askAs(t, r, client, url, disguise, worker%3 == 0)
				}
			}
		})
	}
	for _, url := range urls {
		for range 3 {
			next <- url
		}
	}
	close(next)
	workers.Wait()
	hits, calls := r.count("lookup hit"), up.calls.Load()
	t.Logf("%d hits, %d joined, %d calls upstream", hits, r.count("joined"), calls)
	if hits < 500 {
		t.Errorf("only %d hits: this shows nothing", hits)
	}
}

// askAs sends one request and compares the answer with who asked.
func askAs(t *testing.T, r *rig, client *http.Transport, url string, disguise []string, impatient bool) {
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+url, http.NoBody)
	for i := 0; i < len(disguise); i += 2 {
		req.Header.Add(disguise[i], disguise[i+1])
	}
	if impatient {
		req.Header.Set("Cache-Control", "max-age=1")
	}
	want := req.Clone(t.Context())
	if strings.HasPrefix(url, "/3.1/") && want.Header.Get("X-Publisher-Token") == "" {
		want.Header.Set("X-Publisher-Token", testKey)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return
	}
	if body := readAll(t, resp); body != identityOf(want)+" "+url {
		t.Errorf("%v asked for %s and got %q (%s)", disguise, url, body, resp.Header.Get("Cache-Status"))
	}
}
