package rfc9111_test

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// The model is a second reading of the RFCs: slow, with whole seconds in big
// numbers, one sentence of the text after the other, and none of the package's
// code. Its parser splits where the grammar says and matches each member
// against the grammar as a whole.

var modelMember = regexp.MustCompile(`^([-!#$%&'*+.^_\x60|~0-9A-Za-z]+)(=([-!#$%&'*+.^_\x60|~0-9A-Za-z]*|"((?:[^"\\]|\\.)*)"))?$`)

type modelDirective struct {
	name     string
	argument *string
}

// modelDirectives are the members of a field in order, or nil, false.
func modelDirectives(lines []string) ([]modelDirective, bool) {
	var all []modelDirective
	for _, line := range lines {
		var member []byte
		quoted, escaped := false, false
		members := []string{}
		for _, c := range []byte(line) {
			if c == ',' && !quoted {
				members = append(members, string(member))
				member = nil
				continue
			}
			switch {
			case escaped:
				escaped = false
			case quoted && c == '\\':
				escaped = true
			case c == '"':
				quoted = !quoted
			}
			member = append(member, c)
		}
		for _, m := range append(members, string(member)) {
			m = strings.Trim(m, " \t")
			if m == "" {
				continue
			}
			parts := modelMember.FindStringSubmatch(m)
			if parts == nil {
				return nil, false
			}
			d := modelDirective{name: strings.ToLower(parts[1])}
			if parts[2] != "" {
				argument := parts[3]
				if strings.HasPrefix(argument, `"`) {
					argument = parts[4]
				}
				d.argument = &argument
			}
			all = append(all, d)
		}
	}
	return all, true
}

func modelHas(all []modelDirective, name string) bool {
	return slices.ContainsFunc(all, func(d modelDirective) bool { return d.name == name })
}

var modelDigits = regexp.MustCompile(`^[0-9]+$`)

// modelSeconds is the first occurrence of a directive: absent is nil, and what
// is unreadable is -1.
func modelSeconds(all []modelDirective, name string) *big.Int {
	for _, d := range all {
		if d.name == name {
			if d.argument == nil {
				return big.NewInt(-1)
			}
			return modelNumber(*d.argument)
		}
	}
	return nil
}

func modelNumber(v string) *big.Int {
	if !modelDigits.MatchString(v) {
		return big.NewInt(-1)
	}
	n, _ := new(big.Int).SetString(v, 10)
	return modelClamp(n)
}

// modelClamp keeps seconds within 0 and 2^31.
func modelClamp(n *big.Int) *big.Int {
	limit := big.NewInt(1 << 31)
	if n.Cmp(limit) > 0 {
		return limit
	}
	if n.Sign() < 0 {
		return new(big.Int)
	}
	return n
}

func modelPositive(n *big.Int) *big.Int {
	if n == nil || n.Sign() < 0 {
		return new(big.Int)
	}
	return n
}

var modelToken = regexp.MustCompile(`^[-!#$%&'*+.^_\x60|~0-9A-Za-z]+$`)

// modelEssential are fields that a response cannot do without.
var modelEssential = strings.Fields("content-type content-encoding content-length content-range content-language content-location " +
	"cache-control date expires etag last-modified vary location")

// modelWhole reports whether no-cache or private holds for the whole response.
func modelWhole(all []modelDirective, name string) bool {
	whole := false
	for _, d := range all {
		if d.name != name {
			continue
		}
		named := 0
		bad := d.argument == nil
		if d.argument != nil {
			for field := range strings.SplitSeq(*d.argument, ",") {
				field = strings.Trim(field, " \t")
				if field == "" {
					continue
				}
				named++
				bad = bad || !modelToken.MatchString(field) || slices.Contains(modelEssential, strings.ToLower(field))
			}
		}
		whole = whole || bad || named == 0
	}
	return whole
}

// modelTerms are what the model stores, in seconds.
type modelTerms struct {
	age, lifetime, whileRevalidate, ifError *big.Int
	noCache, mustRevalidate, immutable      bool
}

var modelStatuses = []int{200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501}

// modelStore decides about storing; nil is no.
func modelStore(x drawn, p rfc9111.Policy) *modelTerms {
	// Section 3, in its order.
	if x.exchange.Method != "GET" || !slices.Contains(modelStatuses, x.exchange.Status) || len(x.exchange.Response["Content-Range"]) > 0 {
		return nil
	}
	asked, ok := modelDirectives(x.exchange.Request["Cache-Control"])
	if !ok || modelHas(asked, "no-store") {
		return nil
	}
	said, ok := modelDirectives(x.exchange.Response["Cache-Control"])
	if !ok {
		return nil
	}
	if modelHas(said, "no-store") && !modelHas(said, "must-understand") {
		return nil
	}
	if modelWhole(said, "private") {
		return nil
	}
	sMaxAge, maxAge := modelSeconds(said, "s-maxage"), modelSeconds(said, "max-age")
	if x.exchange.Authorized || x.exchange.Request.Get("Authorization") != "" {
		sShared := sMaxAge != nil && sMaxAge.Sign() >= 0
		if !modelHas(said, "public") && !modelHas(said, "must-revalidate") && !sShared && !p.Permits {
			return nil
		}
	}
	if strings.Contains(strings.Join(x.exchange.Response["Vary"], ","), "*") {
		return nil
	}

	t := &modelTerms{
		noCache:        modelWhole(said, "no-cache"),
		mustRevalidate: modelHas(said, "must-revalidate") || modelHas(said, "proxy-revalidate") || modelHas(said, "s-maxage"),
		immutable:      modelHas(said, "immutable"),
	}
	// Section 4.2.3, the second of each pair of formulas being the corrected one.
	received := big.NewInt(x.exchange.Received.Unix())
	delay := modelPositive(big.NewInt(x.exchange.Received.Unix() - x.exchange.Requested.Unix()))
	corrected := new(big.Int).Add(modelPositive(x.age), delay)
	apparent := new(big.Int)
	date := received
	if x.date != nil {
		date = x.date
		apparent = modelPositive(new(big.Int).Sub(received, date))
	}
	t.age = modelClamp(corrected)
	if apparent.Cmp(t.age) > 0 {
		t.age = modelClamp(apparent)
	}
	// Section 4.2.1.
	switch {
	case sMaxAge != nil:
		t.lifetime = modelPositive(sMaxAge)
	case maxAge != nil:
		t.lifetime = modelPositive(maxAge)
	case x.expires != nil:
		t.lifetime = modelPositive(new(big.Int).Sub(x.expires, date))
	case x.badExpires:
		t.lifetime = new(big.Int)
	case t.noCache && !slices.Contains([]int{302, 303, 307}, x.exchange.Status):
		t.lifetime = new(big.Int)
	default:
		var policy time.Duration
		switch x.exchange.Status {
		case 200, 203:
			policy = p.TTL
		case 404, 410:
			policy = p.Negative
		}
		if policy <= 0 {
			return nil
		}
		t.lifetime = big.NewInt(int64(policy / time.Second))
		t.age = modelClamp(corrected)
	}
	modelWindows(t, said, x.exchange.Status, p)
	// Useless: not to be validated and never to be used without.
	usableUntil := new(big.Int).Add(t.lifetime, t.whileRevalidate)
	if t.ifError.Cmp(t.whileRevalidate) > 0 {
		usableUntil = new(big.Int).Add(t.lifetime, t.ifError)
	}
	if !x.validator && (t.noCache || t.age.Cmp(usableUntil) >= 0) {
		return nil
	}
	return t
}

// modelWindows are those of RFC 5861, or of the policy.
func modelWindows(t *modelTerms, said []modelDirective, status int, p rfc9111.Policy) {
	t.whileRevalidate, t.ifError = new(big.Int), new(big.Int)
	if t.noCache || t.mustRevalidate {
		return
	}
	if t.lifetime.Sign() > 0 && status != 404 && status != 410 {
		t.whileRevalidate = big.NewInt(int64(p.Stale / time.Second))
		t.ifError = big.NewInt(int64(p.Stale / time.Second))
	}
	if own := modelSeconds(said, "stale-while-revalidate"); own != nil {
		t.whileRevalidate = modelPositive(own)
	}
	if own := modelSeconds(said, "stale-if-error"); own != nil {
		t.ifError = modelPositive(own)
	}
}

// modelReuse decides about reuse, resident seconds after reception.
func modelReuse(t *modelTerms, cacheControl, pragma []string, resident int64) (rfc9111.Kind, string) {
	age := modelClamp(new(big.Int).Add(t.age, modelPositive(big.NewInt(resident))))
	left := new(big.Int).Sub(t.lifetime, age)
	kind := func() rfc9111.Kind {
		asked, ok := modelDirectives(cacheControl)
		if len(cacheControl) == 0 {
			pragmas, parsed := modelDirectives(pragma)
			if modelHas(pragmas, "no-cache") || !parsed {
				return rfc9111.MustValidate
			}
		}
		minFresh := modelSeconds(asked, "min-fresh")
		if !ok || modelHas(asked, "no-cache") || minFresh != nil && minFresh.Sign() < 0 || t.noCache {
			return rfc9111.MustValidate
		}
		isFresh := left.Sign() > 0
		if !isFresh && t.mustRevalidate {
			return rfc9111.MustValidate
		}
		maxAge := modelSeconds(asked, "max-age")
		maxStale := modelSeconds(asked, "max-stale")
		for _, d := range asked {
			if d.name == "max-stale" { // without a number: whatever its staleness
				if d.argument == nil {
					maxStale = big.NewInt(1 << 31)
				}
				break
			}
		}
		if maxStale != nil && maxStale.Sign() < 0 {
			maxStale = nil
		}
		tooOld := maxAge != nil && age.Cmp(modelPositive(maxAge)) > 0
		accepted := !tooOld || isFresh && t.immutable
		if minFresh != nil && left.Cmp(minFresh) < 0 {
			accepted = false
		}
		if isFresh && accepted {
			return rfc9111.Fresh
		}
		stale := new(big.Int).Neg(left)
		if accepted && maxStale != nil && stale.Cmp(maxStale) <= 0 {
			return rfc9111.StaleUsable
		}
		silent := maxAge == nil && minFresh == nil && maxStale == nil
		if silent && stale.Cmp(t.whileRevalidate) < 0 {
			return rfc9111.StaleUsable
		}
		own := modelPositive(modelSeconds(asked, "stale-if-error"))
		if own.Sign() > 0 && stale.Cmp(own) < 0 || silent && stale.Cmp(t.ifError) < 0 {
			return rfc9111.StaleIfError
		}
		return rfc9111.MustValidate
	}()
	return kind, fmt.Sprintf("age %v ttl %v", age, left)
}

// drawn is an exchange with what its generator knows of it without parsing.
type drawn struct {
	exchange   rfc9111.Exchange
	date       *big.Int // nil: none that can be read
	expires    *big.Int // nil: none, or unreadable
	badExpires bool
	age        *big.Int // nil: none that can be read
	validator  bool
}
