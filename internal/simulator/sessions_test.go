package simulator_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

func TestLoginGivesTheDocumentedTokens(t *testing.T) {
	r := start(t, nil)
	got := r.login()
	if got.CustomerID != simulator.CustomerID || len(got.RefreshToken) != 48 || len(got.CustomerToken) != 48 {
		t.Errorf("login gave %+v", got)
	}
	parts := strings.Split(got.JWT, ".")
	if len(parts) != 3 {
		t.Fatalf("JWT has %d parts", len(parts))
	}
	var claims struct {
		CustomerID  int   `json:"customerId"`
		PublisherID int   `json:"publisherId"`
		Expires     int64 `json:"exp"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.CustomerID != simulator.CustomerID || claims.PublisherID != simulator.PublisherID {
		t.Errorf("claims %+v", claims)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 256 {
		t.Errorf("an RS256 signature has 256 bytes, got %d (%v)", len(signature), err)
	}
	if r.login().JWT == got.JWT {
		t.Error("two logins in one second gave the same JWT")
	}
}

func TestBadPasswordIs401USER0001(t *testing.T) {
	r := start(t, nil)
	a := r.do("POST", "/auths", m{"email": simulator.CustomerEmail, "password": "wrong", "publisherId": simulator.PublisherID})
	a.want(t, 401)
	a.same(t, "USER0001", "code")
	if c := r.sim.Counters(); c.Logins != 0 || c.Unauthorized != 1 {
		t.Errorf("counters: logins %d, unauthorized %d", c.Logins, c.Unauthorized)
	}
}

func TestJWTExpiresAndTheRefreshTokenWorksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) { k.Credentials.JWTLifetime = 5 * time.Second })
		first := r.login()
		path := "/customers/100000001"
		r.as(first.JWT, "GET", path, nil).want(t, 200)
		time.Sleep(5 * time.Second)
		expired := r.as(first.JWT, "GET", path, nil)
		expired.want(t, 401)
		expired.same(t, "AUTH0003", "code")

		a := r.do("POST", "/auths/refresh_token", m{"refreshToken": first.RefreshToken})
		a.want(t, 200)
		jwt, ok := a.at(t, "responseData", "jwt").(string)
		if !ok {
			t.Fatal("no jwt")
		}
		r.as(jwt, "GET", path, nil).want(t, 200)

		again := r.do("POST", "/auths/refresh_token", m{"refreshToken": first.RefreshToken})
		again.want(t, 422)
		again.same(t, "Refresh token is expired or does not exist", "errors", 0)
		r.do("POST", "/auths/refresh_token", m{"refreshToken": "never issued"}).want(t, 422)
		c := r.sim.Counters()
		if c.Refreshes != 1 || c.RefreshReuse != 1 || c.RefreshRefused != 1 {
			t.Errorf("refreshes %d, reuse %d, refused %d", c.Refreshes, c.RefreshReuse, c.RefreshRefused)
		}
	})
}

func TestRefreshTokensLive100Days(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		token := r.login().RefreshToken
		time.Sleep(100*24*time.Hour + time.Second)
		r.do("POST", "/auths/refresh_token", m{"refreshToken": token}).want(t, 422)
	})
}

func TestSSOTokensLiveADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		r.do("POST", "/sso/auths", m{"customerEmail": simulator.CustomerEmail}).want(t, 401)
		a := r.do("POST", "/sso/auths", m{"customerEmail": simulator.CustomerEmail}, "X-Publisher-Token", simulator.PublisherKey)
		a.want(t, 200)
		jwt, _ := a.at(t, "responseData", "jwt").(string)
		time.Sleep(24*time.Hour - time.Minute)
		r.as(jwt, "GET", "/customers/100000001", nil).want(t, 200)
		time.Sleep(2 * time.Minute)
		r.as(jwt, "GET", "/customers/100000001", nil).want(t, 401)
	})
}

func TestJWTIsRefusedByCode(t *testing.T) {
	r := start(t, nil)
	good := r.login().JWT
	for name, c := range map[string]struct{ header, code string }{
		"missing":       {"", "AUTH0001"},
		"quotes":        {`Bearer "` + good + `"`, "AUTH0002"},
		"wrong scheme":  {"Basic " + good, "AUTH0002"},
		"doubled":       {"Bearer Bearer " + good, "AUTH0002"},
		"undefined":     {"Bearer undefined", "AUTH0002"},
		"cut signature": {"Bearer " + good[:len(good)-4], "AUTH0002"},
	} {
		a := r.do("GET", "/customers/100000001", nil, "Authorization", c.header)
		if a.status != 401 || a.at(t, "code") != c.code {
			t.Errorf("%s: %d %s, want 401 %s", name, a.status, a.body, c.code)
		}
	}
	other := r.as(good, "GET", "/customers/100000002", nil)
	other.want(t, 403)
}

func TestRevocationAtRunTime(t *testing.T) {
	r := start(t, nil)
	old := r.login()
	r.sim.Revoke(simulator.Revocation{CustomerID: simulator.OtherCustomerID, JWTs: true})
	r.as(old.JWT, "GET", "/customers/100000001", nil).want(t, 200)
	r.sim.Revoke(simulator.Revocation{JWTs: true})
	a := r.as(old.JWT, "GET", "/customers/100000001", nil)
	a.want(t, 401)
	a.same(t, "AUTH0002", "code")
	r.as(r.login().JWT, "GET", "/customers/100000001", nil).want(t, 200)
	if n := r.sim.Revoke(simulator.Revocation{RefreshTokens: true}); n != 2 {
		t.Errorf("revoked %d refresh tokens, want 2", n)
	}
	r.do("POST", "/auths/refresh_token", m{"refreshToken": old.RefreshToken}).want(t, 422)
}

func TestDeletingRefreshTokensLogsAllDevicesOut(t *testing.T) {
	r := start(t, nil)
	one, two := r.login(), r.login()
	r.as(one.JWT, "DELETE", "/refresh_tokens", nil).want(t, 200)
	for _, token := range []string{one.RefreshToken, two.RefreshToken} {
		r.do("POST", "/auths/refresh_token", m{"refreshToken": token}).want(t, 422)
	}
	if c := r.sim.Counters(); c.RefreshReuse != 0 || c.RefreshRefused != 2 {
		t.Errorf("a revoked token is not a reused one: reuse %d, refused %d", c.RefreshReuse, c.RefreshRefused)
	}
}

func TestOneOfManyConcurrentRefreshesWins(t *testing.T) {
	r := start(t, nil)
	token := r.login().RefreshToken
	var wins atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if r.do("POST", "/auths/refresh_token", m{"refreshToken": token}).status == 200 {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	if c := r.sim.Counters(); wins.Load() != 1 || c.Refreshes != 1 || c.RefreshReuse != 19 {
		t.Errorf("%d won; refreshes %d, reuse %d", wins.Load(), c.Refreshes, c.RefreshReuse)
	}
}

func TestALostRefreshAnswerSpendsTheToken(t *testing.T) {
	r := start(t, faults(simulator.Fault{Kind: simulator.FaultResetAfter, Match: "POST /auths/refresh_token", Count: 1}))
	token := r.login().RefreshToken
	if a := r.do("POST", "/auths/refresh_token", m{"refreshToken": token}); a.err == nil {
		t.Fatalf("the answer was not lost: %d", a.status)
	}
	r.do("POST", "/auths/refresh_token", m{"refreshToken": token}).want(t, 422)
	if c := r.sim.Counters(); c.Refreshes != 1 || c.RefreshReuse != 1 {
		t.Errorf("refreshes %d, reuse %d", c.Refreshes, c.RefreshReuse)
	}
}

func TestSameSeedSameRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(seed uint64, algorithm string) tokens {
			k := simulator.DefaultKnobs()
			k.Credentials.JWTAlgorithm = algorithm
			return startWith(t, simulator.New(simulator.Options{Knobs: &k, Seed: seed})).login()
		}
		if a, b := run(1, "HS256"), run(1, "HS256"); a != b {
			t.Errorf("one seed, two runs:\n%+v\n%+v", a, b)
		}
		if a, b := run(1, "HS256"), run(2, "HS256"); a.RefreshToken == b.RefreshToken {
			t.Error("two seeds gave the same token")
		}
		parts := strings.Split(run(3, "HS256").JWT, ".")
		if signature, err := base64.RawURLEncoding.DecodeString(parts[2]); err != nil || len(signature) != 32 {
			t.Errorf("an HS256 signature has 32 bytes, got %d (%v)", len(signature), err)
		}
	})
}

func TestEmptySimulatorKnowsNobody(t *testing.T) {
	r := startWith(t, simulator.New(simulator.Options{Empty: true}))
	r.core("GET", "/offers", nil).want(t, 401)
	if err := r.sim.AddKey(simulator.Key{Name: "k", Value: "v"}); err != nil {
		t.Fatal(err)
	}
	a := r.do("GET", "/3.1/offers", nil, "X-Publisher-Token", "v")
	a.want(t, 200)
	if n := a.header.Get("X-Total-Count"); n != "0" {
		t.Errorf("%s offers", n)
	}
	r.do("POST", "/customers", m{"email": "a@example.com", "password": "long enough", "publisherId": simulator.PublisherID}).want(t, 200)
}
