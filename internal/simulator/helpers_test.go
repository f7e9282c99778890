package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

// rig is a simulator behind a real HTTP server on in-memory connections.
type rig struct {
	t      testing.TB
	sim    *simulator.Simulator
	pipe   *simulator.PipeListener
	client *http.Client
}

// start serves a simulator until the test ends, with the knobs as set changes them.
func start(t testing.TB, set func(k *simulator.Knobs)) *rig {
	t.Helper()
	k := simulator.DefaultKnobs()
	if set != nil {
		set(&k)
	}
	return startWith(t, simulator.New(simulator.Options{Knobs: &k, Seed: 7}))
}

func startWith(t testing.TB, sim *simulator.Simulator) *rig {
	t.Helper()
	server, pipe := simulator.NewServer(sim), simulator.NewPipeListener()
	server.ListenOn(pipe)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	transport := pipe.Transport()
	r := &rig{t: t, sim: sim, pipe: pipe, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return r
}

// reply is an answer that was read to its end, or the error that ended it.
type reply struct {
	status  int
	header  http.Header
	trailer http.Header
	body    []byte
	err     error
}

// header pairs are name, value, name, value.
func (r *rig) do(method, path string, body any, header ...string) reply {
	r.t.Helper()
	return r.doCtx(context.Background(), method, path, body, header...)
}

func (r *rig) doCtx(ctx context.Context, method, path string, body any, header ...string) reply {
	r.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = bytes.NewReader([]byte(b))
	case []byte:
		in = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			r.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://cleeng.test"+path, in)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	raw, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	return reply{status: resp.StatusCode, header: resp.Header, trailer: resp.Trailer, body: raw, err: err}
}

// core calls Core 3.1 with the first sample key.
func (r *rig) core(method, path string, body any, header ...string) reply {
	r.t.Helper()
	return r.do(method, "/3.1"+path, body, append([]string{"X-Publisher-Token", simulator.PublisherKey}, header...)...)
}

// as calls the MediaStore API with a JWT.
func (r *rig) as(jwt, method, path string, body any) reply {
	r.t.Helper()
	return r.do(method, path, body, "Authorization", "Bearer "+jwt)
}

type tokens struct {
	JWT           string `json:"jwt"`
	RefreshToken  string `json:"refreshToken"`
	CustomerToken string `json:"customerToken"`
	CustomerID    int    `json:"customerId"`
}

func (r *rig) login() tokens {
	r.t.Helper()
	a := r.do("POST", "/auths", m{"email": simulator.CustomerEmail, "password": simulator.CustomerPassword, "publisherId": simulator.PublisherID})
	a.want(r.t, 200)
	var out struct {
		ResponseData tokens `json:"responseData"`
	}
	a.into(r.t, &out)
	return out.ResponseData
}

type m = map[string]any

func (a reply) want(t testing.TB, status int) {
	t.Helper()
	if a.err != nil {
		t.Fatalf("no answer: %v", a.err)
	}
	if a.status != status {
		t.Fatalf("status %d, want %d; body %s", a.status, status, a.body)
	}
}

func (a reply) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
	}
}

// at walks a JSON body by member names and list positions.
func (a reply) at(t testing.TB, path ...any) any {
	t.Helper()
	var v any
	a.into(t, &v)
	for _, step := range path {
		switch s := step.(type) {
		case string:
			obj, ok := v.(m)
			if !ok {
				t.Fatalf("%v: no object before %q in %s", path, s, a.body)
			}
			if v, ok = obj[s]; !ok {
				t.Fatalf("%v: no member %q in %s", path, s, a.body)
			}
		case int:
			list, ok := v.([]any)
			if !ok || s >= len(list) {
				t.Fatalf("%v: no element %d in %s", path, s, a.body)
			}
			v = list[s]
		}
	}
	return v
}

func (a reply) same(t testing.TB, want any, path ...any) {
	t.Helper()
	if got := a.at(t, path...); got != want {
		t.Errorf("%v = %v (%T), want %v", path, got, got, want)
	}
}

func tune(t testing.TB, r *rig, change func(k *simulator.Knobs)) {
	t.Helper()
	if err := r.sim.Tune(change); err != nil {
		t.Fatal(err)
	}
}
