package proxy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// fingerprint is what tells identities apart: a digest of the whole of what the
// upstream got but for the ids.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return hex.EncodeToString(sum[:8])
}

// TestPromise02_CredentialsInOddPlaces puts them into queries, bodies, cookies
// and fields of other names, alone and against each other, many at once. The
// upstream answers with all that it was asked with.
func TestPromise02_CredentialsInOddPlaces(t *testing.T) {
	up := count(func(w http.ResponseWriter, r *http.Request) {
		if rand.N(2) == 0 {
			w.Header().Set("Cache-Control", "public, max-age=60")
		}
		if rand.N(3) == 0 {
			w.Header().Set("Set-Cookie", "session="+r.Header.Get("Authorization"))
		}
		fields := fmt.Sprintf("%q", [...][]string{r.Header["Authorization"], r.Header["X-Publisher-Token"], r.Header["Cookie"], r.Header["Customertoken"], r.Header["X-Customer_jwt"], r.Header["X-Auth"]})
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, fingerprint(fields, r.URL.Path, r.URL.Query().Encode()))
			return
		}
		one := func(raw []byte) string {
			var c struct {
				Method string            `json:"method"`
				Params map[string]string `json:"params"`
				ID     json.RawMessage   `json:"id"`
			}
			if err := json.Unmarshal(raw, &c); err != nil {
				t.Errorf("the upstream got %s", raw)
			}
			return fmt.Sprintf(`{"id":%s,"result":"%s","error":null}`, c.ID, fingerprint(fields, c.Method, fmt.Sprint(c.Params)))
		}
		var batch []json.RawMessage
		if json.Unmarshal(body, &batch) != nil {
			_, _ = io.WriteString(w, one(body))
			return
		}
		replies := make([]string, len(batch))
		for i := range batch {
			replies[i] = one(batch[i])
		}
		_, _ = io.WriteString(w, "["+strings.Join(replies, ",")+"]")
	})
	r := newCacheRig(t, up)
	r.sinkOff()
	people := []string{"alice", "bob", "alic", "ealice"}
	places := []func(who string) (query string, params map[string]string, fields []string){
		func(who string) (string, map[string]string, []string) { return "customerToken=" + who, nil, nil },
		func(who string) (string, map[string]string, []string) { return "token=" + who + "&a=1", nil, nil },
		func(who string) (string, map[string]string, []string) { return "a=1&token=" + who, nil, nil },
		func(who string) (string, map[string]string, []string) {
			return "", map[string]string{"customerToken": who}, nil
		},
		func(who string) (string, map[string]string, []string) {
			return "", map[string]string{"publisherToken": who}, nil
		},
		func(who string) (string, map[string]string, []string) {
			return "", nil, []string{"Cookie", "jwt=" + who}
		},
		func(who string) (string, map[string]string, []string) {
			return "", nil, []string{"Cookie", "a=b", "Cookie", "jwt=" + who}
		},
		func(who string) (string, map[string]string, []string) {
			return "", nil, []string{"X-Customer_JWT", who}
		},
		func(who string) (string, map[string]string, []string) { return "", nil, []string{"customertoken", who} },
		func(who string) (string, map[string]string, []string) { return "", nil, []string{"X-Auth", who} },
		func(who string) (string, map[string]string, []string) {
			return "", nil, []string{"Authorization", "Bearer " + who, "X-Publisher-Token", "alice"}
		},
	}
	client := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}
	t.Cleanup(client.CloseIdleConnections)
	ask := func(round int) {
		who := people[rand.N(len(people))]
		query, params, fields := places[rand.N(len(places))](who)
		sent := map[string]string{"offerId": fmt.Sprint("S", rand.N(2))}
		maps.Copy(sent, params)
		single := func(id int) string {
			raw, _ := json.Marshal(sent)
			return fmt.Sprintf(`{"method":"getSubscriptionOffer","params":%s,"id":%d}`, raw, id)
		}
		method, path, content := http.MethodGet, "/offers/"+sent["offerId"]+"?"+query, ""
		switch rand.N(3) {
		case 0:
			method, path, content = http.MethodPost, "/3.0/json-rpc", single(round)
		case 1:
			method, path, content = http.MethodPost, "/3.0/json-rpc", "["+single(round)+","+strings.Replace(single(round+1), `"S`, `"T`, 1)+"]"
		}
		req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(content))
		if err != nil {
			t.Error(err)
			return
		}
		for i := 0; i+1 < len(fields); i += 2 {
			req.Header.Add(fields[i], fields[i+1])
		}
		h := req.Header
		resp, err := client.RoundTrip(req)
		if err != nil {
			t.Error(err)
			return
		}
		got := readAll(t, resp)
		own := fmt.Sprintf("%q", [...][]string{h["Authorization"], h["X-Publisher-Token"], h["Cookie"], h["Customertoken"], h["X-Customer_jwt"], h["X-Auth"]})
		want := fingerprint(own, req.URL.Path, req.URL.Query().Encode()) // in whatever order
		if method == http.MethodPost {
			want = fingerprint(own, "getSubscriptionOffer", fmt.Sprint(sent))
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s %s %s %v got %s (%s)", method, path, content, fields, got, resp.Header.Get("Cache-Status"))
		}
	}
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for i := range 250 {
				ask(worker*1000 + i)
			}
		})
	}
	workers.Wait()
	if hits := r.count("lookup hit"); hits < 200 {
		t.Errorf("only %d hits: this shows nothing", hits)
	}
}
