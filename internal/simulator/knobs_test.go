package simulator_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

func TestKnobErrorsSayWhatIsRight(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	before := sim.Knobs()
	for patch, want := range map[string]string{
		`{"lateny": {}}`:                                                     "lateny: no such knob; known here: clock, credentials, data, faults, http, latency, quota, rpc, webhook",
		`{"latency": {"downlink": 5}}`:                                       `latency.downlink: 5 is no duration; write a string with a unit, such as "250ms" or "60s"`,
		`{"latency": {"downlink": "5 sec"}}`:                                 `latency.downlink: "5 sec" is no duration; write a number with a unit, such as "250ms" or "60s"`,
		`{"latency": {"downlink": "-1s"}}`:                                   "latency.downlink: -1s is too small; write at least 0",
		`{"latency": {"slow_rate": 2}}`:                                      "latency.slow_rate: 2 is too large; write at most 1",
		`{"quota": {"reset": "minutes"}}`:                                    `quota.reset: "minutes" is not known; write one of: delta, epoch, epoch_ms, date`,
		`{"quota": {"dialects": ["github"]}}`:                                `quota.dialects[0]: "github" is not known; write one of: x-ratelimit, ietf, ietf-07, ietf-06`,
		`{"quota": {"dialects": [""]}}`:                                      `quota.dialects[0]: "" is not known; write one of: x-ratelimit, ietf, ietf-07, ietf-06`,
		`{"quota": {"limits": [{"window": "1 s"}]}}`:                         `quota.limits[0].window: "1 s" is no duration; write a number with a unit, such as "250ms" or "60s"`,
		`{"quota": {"limits": [{"rate": 1}]}}`:                               "quota.limits[0].rate: no such knob; known here: align, burst, by, limit, match, name, provider, surfaces, window",
		`{"quota": {"limits": [{"limit": 1.5}]}}`:                            "quota.limits[0].limit: 1.5 is no whole number; write an integer",
		`{"quota": {"limits": {"limit": 1}}}`:                                `quota.limits: {"limit":1} is no list; write [...]`,
		`{"quota": {"limits": [{"name":"a"},{"name":"a"}]}}`:                 `quota.limits[1].name: "a" is taken by quota.limits[0]; give each limit a name of its own`,
		`{"quota": {"before_auth": "yes"}}`:                                  `quota.before_auth: "yes" has the wrong type; write true or false`,
		`{"quota": 3}`:                                                       "quota: 3 is no object; write {...} with some of: ",
		`{"faults": [{"kind": "explode"}]}`:                                  `faults[0].kind: "explode" is not known; write one of: reset_before`,
		`{"faults": [{}]}`:                                                   `faults[0].kind: "" is not known; write one of: reset_before`,
		`{"faults": [{"kind": "status"}]}`:                                   "faults[0].status: is missing; kind status needs a status from 200 to 599",
		`{"faults": [{"kind": "status", "status": 100}]}`:                    "faults[0].status: 100 is no final status; write a status from 200 to 599",
		`{"faults": [{"kind": "redirect"}]}`:                                 "faults[0].location: is missing; kind redirect needs the address to redirect to",
		`{"faults": [{"kind": "redirect", "status": 200, "location": "/"}]}`: "faults[0].status: 200 is no redirect; write 301, 302, 303, 307 or 308",
		`{"faults": [{"kind": "delay"}]}`:                                    `faults[0].delay: is missing; kind delay needs a duration such as "200ms"`,
		`{"faults": [{"kind": "throttle", "body": "x"}]}`:                    `faults[0].body: "x" is not known; for a throttle write one of: message, errors`,
		`{"credentials": {"ip_denied_status": 500}}`:                         `credentials.ip_denied_status: "500" is not known; write one of: 401, 403`,
		`{"credentials": {"jwt_lifetime": "0s"}}`:                            "credentials.jwt_lifetime: 0s is too small; write at least 1ms",
		`{"data": {"countries": {"10.0.0.1": "DE"}}}`:                        `data.countries: "10.0.0.1" is no address prefix; write CIDR, such as "192.0.2.0/24": "PL"`,
		`{"http": {"headers": 1}}`:                                           `http.headers: 1 is no object; write {"name": ...}`,
		`nonsense`:                                                           "knobs: the body is not JSON",
	} {
		err := sim.Patch([]byte(patch))
		if _, ok := errors.AsType[*simulator.KnobError](err); !ok || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\n got: %v\nwant: %s", patch, err, want)
		}
	}
	if !reflect.DeepEqual(before, sim.Knobs()) {
		t.Error("a refused patch changed the knobs")
	}
}

func TestKnobsSurviveTheirJSONForm(t *testing.T) {
	k := simulator.DefaultKnobs()
	k.Quota.Limits = []simulator.Limit{{Name: "a", Provider: "sliding", Limit: 3, Window: time.Minute, By: []string{"key", "endpoint"}}}
	k.Quota.Dialects = []string{"ietf"}
	k.Faults = []simulator.Fault{{Kind: simulator.FaultStatus, Status: 503, Rate: 0.25, Headers: map[string][]string{"X": {"1", "2"}}}}
	k.Credentials.JWTLifetime = 5 * time.Second
	k.Data.Countries = map[string]string{"10.0.0.0/8": "DE"}
	raw, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	back := simulator.DefaultKnobs()
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != string(again) {
		t.Errorf("changed on the way:\n%s\n%s", raw, again)
	}
	if back.Credentials.JWTLifetime != 5*time.Second || back.Quota.Limits[0].Window != time.Minute {
		t.Errorf("durations: %v %v", back.Credentials.JWTLifetime, back.Quota.Limits[0].Window)
	}
}

func TestPatchMergesAndNullPutsTheDefaultBack(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	for _, patch := range []string{
		`{"latency": {"downlink": "50ms", "uplink": "10ms"}, "http": {"headers": {"Vary": "Accept", "X-A": ["1", "2"]}}}`,
		`{"latency": {"downlink": null}, "http": {"headers": {"Vary": null}}}`,
	} {
		if err := sim.Patch([]byte(patch)); err != nil {
			t.Fatal(err)
		}
	}
	k := sim.Knobs()
	if k.Latency.Downlink != 0 || k.Latency.Uplink != 10*time.Millisecond {
		t.Errorf("latency %+v", k.Latency)
	}
	if want := map[string][]string{"X-A": {"1", "2"}}; !reflect.DeepEqual(k.HTTP.Headers, want) {
		t.Errorf("headers %v, want %v", k.HTTP.Headers, want)
	}
}

func TestKnobsReturnsACopy(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	if err := sim.Patch([]byte(`{"quota": {"limits": [{"limit": 5, "by": ["key"]}]}, "faults": [{"kind": "headers", "headers": {"X": "1"}}]}`)); err != nil {
		t.Fatal(err)
	}
	k := sim.Knobs()
	k.Quota.Limits[0].Limit, k.Quota.Limits[0].By[0], k.Faults[0].Headers["X"][0] = 9, "ip", "2"
	if again := sim.Knobs(); again.Quota.Limits[0].Limit != 5 || again.Quota.Limits[0].By[0] != "key" || again.Faults[0].Headers["X"][0] != "1" {
		t.Errorf("the simulator's knobs changed from outside: %+v", again)
	}
}

func TestNewRefusesInvalidKnobs(t *testing.T) {
	defer func() {
		err, ok := recover().(error)
		if _, isKnob := errors.AsType[*simulator.KnobError](err); !ok || !isKnob {
			t.Errorf("New panicked with %v, want a KnobError", err)
		}
	}()
	simulator.New(simulator.Options{Knobs: &simulator.Knobs{}})
	t.Error("New took the zero Knobs")
}

func TestEveryKnobIsDescribed(t *testing.T) {
	for path, text := range simulator.Describe() {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s has no description", path)
		}
	}
}
