package cleeng_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func TestUpstreams(t *testing.T) {
	for environment, want := range map[string]map[string]string{
		cleeng.Production: {
			"core": "https://api.cleeng.com /3.1/", "rpc": "https://api.cleeng.com /3.0/json-rpc /3.0/json-rpc",
			"mediastore": "https://mediastoreapi.cleeng.com /",
		},
		cleeng.Sandbox: {
			"core": "https://api.sandbox.cleeng.com /3.1/", "rpc": "https://sandbox.cleeng.com /3.0/json-rpc /api/3.0/json-rpc",
			"mediastore": "https://mediastoreapi-sandbox.cleeng.com /",
		},
	} {
		got := cleeng.Upstreams(environment)
		if len(got) != len(want) {
			t.Errorf("%s has %d upstreams", environment, len(got))
		}
		for _, u := range got {
			if s := strings.TrimSpace(u.URL + " " + u.Prefix + " " + u.Path); s != want[u.Name] {
				t.Errorf("%s %s is %s, want %s", environment, u.Name, s, want[u.Name])
			}
			if string(u.Surface) != u.Name || u.Limit == "" {
				t.Errorf("%s %s: surface %s, limit %q", environment, u.Name, u.Surface, u.Limit)
			}
			at, err := url.Parse(u.URL)
			if err != nil {
				t.Fatal(err)
			}
			path := u.Prefix
			if u.Path != "" {
				path = u.Path
			}
			if s := cleeng.SurfaceOf(at.Host, path); s != u.Surface {
				t.Errorf("%s%s speaks %q, want %q", at.Host, path, s, u.Surface)
			}
			for _, alias := range u.Aliases {
				if e, _ := cleeng.Match(u.Surface, "POST", alias); e == nil {
					t.Errorf("%s: alias %s matches nothing", u.Name, alias)
				}
			}
		}
		if len(got) > 0 {
			got[0].URL = "changed"
			if cleeng.Upstreams(environment)[0].URL == "changed" {
				t.Error("Upstreams shares its result")
			}
		}
	}
	if cleeng.Upstreams("staging") != nil {
		t.Error("an unknown environment has upstreams")
	}
}

func TestSurfaceOf(t *testing.T) {
	for at, want := range map[string]cleeng.Surface{
		"api.cleeng.com/3.1/offers": cleeng.SurfaceCore, "api.cleeng.com/3.1": cleeng.SurfaceUnknown, "api.cleeng.com/2.0/x": cleeng.SurfaceUnknown,
		"cleeng.com/api/3.0/json-rpc": cleeng.SurfaceRPC, "mediastore.cleeng.com/offers": cleeng.SurfaceMediaStore,
		"inapp.api.sandbox.cleeng.com/x": cleeng.SurfaceInApp, "auth.api.sandbox.cleeng.com/v1/x": cleeng.SurfaceLogin,
		"cleeng.com.evil.example/3.1/offers": cleeng.SurfaceUnknown,
	} {
		host, path, _ := strings.Cut(at, "/")
		if got := cleeng.SurfaceOf(host, "/"+path); got != want {
			t.Errorf("%s speaks %q, want %q", at, got, want)
		}
	}
}

func TestCarrierOf(t *testing.T) {
	for _, c := range []struct {
		surface cleeng.Surface
		kind    cleeng.Auth
		want    cleeng.Carrier
		ok      bool
	}{
		{cleeng.SurfaceCore, cleeng.AuthPublisher, cleeng.Carrier{Header: "X-Publisher-Token"}, true},
		{cleeng.SurfaceCore, cleeng.AuthJWT, cleeng.Carrier{}, false},
		{cleeng.SurfaceMediaStore, cleeng.AuthJWT, cleeng.Carrier{Header: "Authorization", Scheme: "Bearer "}, true},
		{cleeng.SurfaceMediaStore, cleeng.AuthPublisher, cleeng.Carrier{Header: "X-Publisher-Token"}, true},
		{cleeng.SurfaceInApp, cleeng.AuthJWT, cleeng.Carrier{Header: "Authorization", Scheme: "Bearer "}, true},
		{cleeng.SurfaceRPC, cleeng.AuthPublisher, cleeng.Carrier{Param: "publisherToken"}, true},
		{cleeng.SurfaceRPC, cleeng.AuthCustomer, cleeng.Carrier{Param: "customerToken"}, true},
		{cleeng.SurfaceRPC, cleeng.AuthJWT, cleeng.Carrier{}, false},
		{cleeng.SurfaceMediaStore, cleeng.AuthNone, cleeng.Carrier{}, false},
	} {
		if got, ok := cleeng.CarrierOf(c.surface, c.kind); got != c.want || ok != c.ok {
			t.Errorf("%s %d: %+v, %v", c.surface, c.kind, got, ok)
		}
	}
}
