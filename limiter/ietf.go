package limiter

import (
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// policy is one quota policy of RateLimit-Policy.
type policy struct {
	name    string
	limit   int64
	window  time.Duration
	unnamed bool // of drafts 01 to 07, where its limit is its name
	used    bool // a reading has taken it over
}

// parsePolicies reads RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-11,
// section 3, a structured list of named policies with parameters q (quota), w
// (window in seconds) and qu (quota unit), and of drafts 01 to 07, a list of quotas
// with parameter w.
func parsePolicies(values []string, s *signal) []policy {
	if len(values) == 0 {
		return nil
	}
	list, err := httpsfv.UnmarshalList(values)
	if err != nil {
		s.odd = "RateLimit-Policy"
		return nil
	}
	var policies []policy
	for _, member := range list {
		item, ok := member.(httpsfv.Item)
		if !ok || len(policies) == maxWindows {
			continue
		}
		if quota, ok := item.Value.(int64); ok {
			if quota > 0 {
				policies = append(policies, policy{limit: min(quota, maxCount), window: seconds(item.Params, "w"), unnamed: true})
			}
			continue
		}
		name, ok := nameOf(item.Value)
		if unit, _ := parameter(item.Params, "qu").(string); !ok || unit != "" && unit != "requests" {
			continue // bytes and concurrent requests are no calls per window
		}
		if quota := count(item.Params, "q"); quota > 0 {
			policies = append(policies, policy{name: name, limit: quota, window: seconds(item.Params, "w")})
		}
	}
	return policies
}

// parseRateLimit reads RateLimit: of draft 08 and later a structured list of
// policy names with parameters r (remaining) and t (seconds to the reset), of
// draft 07 limit=100, remaining=50, reset=5.
func parseRateLimit(values []string, policies []policy, s *signal) {
	if len(values) == 0 {
		return
	}
	list, err := httpsfv.UnmarshalList(values)
	if err != nil {
		s.add(parseDictionary(values, policies, s))
		return
	}
	for _, member := range list {
		item, ok := member.(httpsfv.Item)
		if !ok {
			continue
		}
		name, ok := nameOf(item.Value)
		if !ok {
			s.odd = "RateLimit"
			continue
		}
		r := reading{family: "ietf", policy: name, remaining: unknown, reset: unknown, grain: time.Second}
		for i := range policies {
			if p := &policies[i]; !p.unnamed && p.name == name {
				r.limit, r.window, p.used = p.limit, p.window, true
			}
		}
		if n, ok := parameter(item.Params, "r").(int64); ok && n >= 0 {
			r.remaining = min(n, maxCount)
		}
		if t, ok := parameter(item.Params, "t").(int64); ok && t >= 0 && t <= int64(maxBelievable/time.Second) {
			r.reset = time.Duration(t) * time.Second
		}
		s.add(r)
	}
}

// parseDictionary reads draft 07, forgiving about separators and unknown members.
func parseDictionary(values []string, policies []policy, s *signal) reading {
	r := reading{family: "ietf-07", remaining: unknown, reset: unknown, grain: time.Second}
	read := false
	for _, value := range values {
		for part := range strings.FieldsFuncSeq(value, func(c rune) bool { return c == ',' || c == ';' }) {
			name, text, _ := strings.Cut(part, "=")
			number, ok := parseCount(text)
			switch strings.TrimSpace(name) {
			case "limit":
				r.limit = number
			case "remaining":
				if ok {
					r.remaining = number
				}
			case "reset":
				if m, fits := parseDelay(text); fits {
					r.reset, r.grain = m.delay, m.grain
				}
			default:
				continue
			}
			read = read || ok
		}
	}
	if !read {
		s.odd = "RateLimit"
	}
	for i := range policies {
		if p := &policies[i]; p.unnamed && p.limit == r.limit {
			r.window, p.used = p.window, true
		}
	}
	return r
}

// appendLegacyPolicies reads 100;w=1, 6000;w=60 as it follows the first number of
// RateLimit-Limit.
func appendLegacyPolicies(policies []policy, text string) []policy {
	if text == "" || len(policies) >= maxWindows {
		return policies
	}
	list, err := httpsfv.UnmarshalList([]string{text})
	if err != nil {
		return policies
	}
	for _, member := range list {
		item, ok := member.(httpsfv.Item)
		if !ok || len(policies) == maxWindows {
			continue
		}
		if quota, ok := item.Value.(int64); ok && quota > 0 {
			p := policy{limit: min(quota, maxCount), window: seconds(item.Params, "w"), unnamed: true}
			policies = append(policies, p)
		}
	}
	return policies
}

// windowParameter finds w=60 or window=60 among parameters.
func windowParameter(text string) time.Duration {
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name == "w" || name == "window" {
			if m, ok := parseDelay(value); ok {
				return m.delay
			}
		}
	}
	return 0
}

func nameOf(value any) (string, bool) {
	switch name := value.(type) {
	case string:
		return name, true
	case httpsfv.Token:
		return string(name), true
	default:
		return "", false
	}
}

func parameter(p *httpsfv.Params, name string) any {
	if p == nil {
		return nil
	}
	value, _ := p.Get(name)
	return value
}

func count(p *httpsfv.Params, name string) int64 {
	n, _ := parameter(p, name).(int64)
	return min(max(n, 0), maxCount)
}

func seconds(p *httpsfv.Params, name string) time.Duration {
	n := count(p, name)
	if n > int64(maxBelievable/time.Second) {
		return 0
	}
	return time.Duration(n) * time.Second
}
