package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds what is read of a request outside the upload endpoints.
const maxBody = 10 << 20

// call is one request on its way through.
type call struct {
	sim     *Simulator
	knobs   *Knobs
	world   *world // only under sim.mu
	w       http.ResponseWriter
	r       *http.Request
	route   *route // nil if no endpoint matches
	name    string // "METHOD template"
	surface surface
	vars    map[string]string
	arrived time.Time
	now     time.Time // when it is handled, on the caller's clock
	server  time.Time // the same on the server's clock
	addr    netip.Addr
	body    []byte
	seq     int

	credential string // name for the counters
	key        *publisherKey
	customer   *customer
	plan       plan
	readings   []reading
	handled    bool
	settled    bool
}

func (s *Simulator) newCall(w http.ResponseWriter, r *http.Request) *call {
	k := s.knobs.Load()
	c := &call{sim: s, knobs: k, w: w, r: r, addr: sourceAddr(r, k.Data.TrustForwardedFor)}
	c.route, c.vars, _ = s.find(r)
	switch {
	case c.route != nil:
		c.name, c.surface = c.route.name(), c.route.surface
	case preflight(r):
		c.name, c.surface = "preflight", surfaceOf(r.URL.Path)
	default:
		c.name, c.surface = "other", surfaceOf(r.URL.Path)
	}
	return c
}

func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

func (c *call) tick() {
	c.now = time.Now()
	c.server = c.now.Add(c.knobs.Clock.Skew)
}

func (c *call) template() string {
	if c.route == nil {
		return ""
	}
	return c.route.template
}

// readBody reads the whole body, or up to limit bytes of it.
func (c *call) readBody(limit int64) error {
	b, err := io.ReadAll(io.LimitReader(c.r.Body, limit+1))
	c.body = b
	if err == nil && int64(len(b)) > limit {
		return errTooLarge
	}
	return err
}

var errTooLarge = errors.New("body too large")

// fields are the members of a JSON object body; nil if it is none.
func (c *call) fields() object {
	var m object
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.UseNumber()
	if d.Decode(&m) != nil || d.More() {
		return nil
	}
	return m
}

// text reads a member as text; numbers are taken as written.
func text(m object, name string) string {
	switch v := m[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		return ""
	}
}

// integer reads a member as a whole number, also from a string.
func integer(m object, name string) (int, bool) {
	n, err := strconv.Atoi(text(m, name))
	return n, err == nil
}

func decimal(m object, name string) (float64, bool) {
	f, err := strconv.ParseFloat(text(m, name), 64)
	return f, err == nil
}

func boolean(m object, name string) bool { return text(m, name) == "true" }

// country is where the caller is taken to be: the customerIP (or customerIp)
// parameter in query or body, else the source address.
func (c *call) country() string {
	q := c.r.URL.Query()
	candidates := []string{q.Get("customerIP"), q.Get("customerIp")}
	if m := c.fields(); m != nil {
		candidates = append(candidates, text(m, "customerIP"), text(m, "customerIp"))
	}
	for _, candidate := range candidates {
		if a, err := netip.ParseAddr(strings.TrimSpace(candidate)); err == nil {
			return countryOf(a.Unmap(), c.knobs.Data.Countries)
		}
	}
	return countryOf(c.addr, c.knobs.Data.Countries)
}

// pathID reads a numeric path variable; 0 if it is none.
func (c *call) pathID(name string) int {
	n, err := strconv.Atoi(c.vars[name])
	if err != nil {
		return 0
	}
	return n
}

// page reads offset and limit with a default and a maximum.
func (c *call) page(defaultLimit, maxLimit int) (offset, limit int, ok bool) {
	q := c.r.URL.Query()
	read := func(name string, fallback int) int {
		if !q.Has(name) {
			return fallback
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil {
			return -1
		}
		return n
	}
	offset, limit = read("offset", 0), read("limit", defaultLimit)
	return offset, limit, offset >= 0 && limit >= 1 && limit <= maxLimit
}

// slicePage cuts a page out of a list.
func slicePage[T any](list []T, offset, limit int) []T {
	offset = min(offset, len(list))
	return list[offset:min(len(list), offset+limit)]
}
