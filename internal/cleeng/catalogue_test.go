package cleeng_test

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
)

var braces = regexp.MustCompile(`\{[^}]*\}`)

// The tables are compared with a list that was written from the documentation
// without them, so that a slip in either shows.
func TestCatalogueAgreesWithDocumentation(t *testing.T) {
	for file, surface := range map[string]cleeng.Surface{
		"mediastore.txt": cleeng.SurfaceMediaStore,
		"core.txt":       cleeng.SurfaceCore,
	} {
		listed := make(map[string]*cleeng.Endpoint)
		for e := range cleeng.Endpoints() {
			if e.Surface != surface {
				continue
			}
			key := e.Method + " " + braces.ReplaceAllString(e.Template, "{}")
			if listed[key] != nil {
				t.Errorf("%s %s stands in the table twice", surface, key)
			}
			listed[key] = e
		}
		f, err := os.Open("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "#") {
				continue
			}
			fields := strings.Fields(lines.Text())
			key := fields[0] + " " + fields[1]
			e := listed[key]
			if e == nil {
				t.Errorf("%s %s is not in the table", surface, key)
				continue
			}
			delete(listed, key)
			if got := credentials(e.Auth); got != fields[2] {
				t.Errorf("%s: credentials %s, want %s", key, got, fields[2])
			}
			if e.Retry.String() != fields[3] {
				t.Errorf("%s: class %s, want %s", key, e.Retry, fields[3])
			}
			if !within(e.Cache.TTL, fields[4]) {
				t.Errorf("%s: lifetime %s, want %s", key, e.Cache.TTL, fields[4])
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for key := range listed {
			t.Errorf("%s %s is in the table only", surface, key)
		}
	}
}

func credentials(a cleeng.Auth) string {
	s := ""
	for bit, name := range map[cleeng.Auth]string{cleeng.AuthJWT: "J", cleeng.AuthPublisher: "P", cleeng.AuthCustomer: "C"} {
		if a.Has(bit) {
			s += name
		}
	}
	if s == "" {
		return "-"
	}
	if a.Has(cleeng.AuthOptional) {
		s += "?"
	}
	return s
}

func within(ttl time.Duration, want string) bool {
	low, high, ranged := strings.Cut(want, "-")
	if low == "" || !ranged {
		return ttl == 0
	}
	from, err1 := time.ParseDuration(low)
	to, err2 := time.ParseDuration(high)
	return err1 == nil && err2 == nil && from <= ttl && ttl <= to
}

func TestCatalogueRowsAreConsistent(t *testing.T) {
	private := regexp.MustCompile(`auths|/customers|connectors|passwords?|payment_details|[Pp]aymentDetails|getCustomer$|registerCustomer|Token|gifts|#other|#batch`)
	for e := range cleeng.Endpoints() {
		name := string(e.Surface) + " " + e.Method + " " + e.Template
		read := e.Retry == cleeng.RetryRead
		if e.Reads() != read {
			t.Errorf("%s: Reads is %v", name, e.Reads())
		}
		if read && e.Stales != 0 {
			t.Errorf("%s: is a read and makes something stale", name)
		}
		if !read && (e.Tags != 0 || e.Cache != (cleeng.Policy{})) {
			t.Errorf("%s: is a write and has tags or a lifetime", name)
		}
		if e.Method == "GET" && !read {
			t.Errorf("%s: is a GET of class %s", name, e.Retry)
		}
		if e.Data == 0 || e.Mark == cleeng.MarkUnknown || !e.Known() || e.Opaque {
			t.Errorf("%s: says not whose data it is or how well that is known", name)
		}
		if e.Payment && e.Retry != cleeng.RetryNever {
			t.Errorf("%s: is a payment of class %s", name, e.Retry)
		}
		if strings.HasSuffix(e.Template, "/orders") && e.Payment {
			t.Errorf("%s: an order is no payment", name)
		}
		if e.LogBodies && private.MatchString(e.Template) {
			t.Errorf("%s: its bodies may be logged", name)
		}
		if e.Kind != cleeng.KindOrdinary && (e.LogBodies || e.Cache.Cacheable()) {
			t.Errorf("%s: has to do with credentials and is logged or stored", name)
		}
		if e.Cache.Cacheable() && e.Tags == 0 && e.Data.Has(cleeng.DataCustomer) {
			t.Errorf("%s: is stored and cannot be made stale", name)
		}
		if strings.Contains(strings.ToLower(e.Template), "entitlement") && e.Cache.Cacheable() && !e.Cache.OptIn {
			t.Errorf("%s: is stored without being asked for", name)
		}
		if strings.Count(e.Template, "{") > 4 {
			t.Errorf("%s: has more variables than Params holds", name)
		}
	}
}

func TestRPCNamesTellReads(t *testing.T) {
	read := regexp.MustCompile(`#(get|list|is|fetch|calculate)`)
	for e := range cleeng.Endpoints() {
		if e.Surface != cleeng.SurfaceRPC {
			continue
		}
		if read.MatchString(e.Template) != e.Reads() {
			t.Errorf("%s: class %s", e.Template, e.Retry)
		}
		if e.Payment {
			t.Errorf("%s is a payment, which the rows of batches do not say", e.Template)
		}
		if e.Method != "POST" || !strings.HasPrefix(e.Template, "/3.0/json-rpc#") {
			t.Errorf("%s %s", e.Method, e.Template)
		}
	}
	for _, name := range []string{"", "other", "batch", "GetCustomer", "getcustomer", "getAnythingElse", "dropTables"} {
		e := cleeng.RPCMethod(name)
		if e.Template != "/3.0/json-rpc#other" || e.Retry != cleeng.RetryNever || e.Reads() || e.LogBodies || e.Cache.Cacheable() {
			t.Errorf("RPCMethod(%q) = %+v", name, e)
		}
	}
}

func TestRetryString(t *testing.T) {
	for r, want := range map[cleeng.Retry]string{
		cleeng.RetryNever: "X", cleeng.RetryEffect: "E", cleeng.RetryIdempotent: "I", cleeng.RetryRead: "R", 9: "?",
	} {
		if r.String() != want {
			t.Errorf("class %d is %q, want %q", r, r, want)
		}
	}
}

func TestOnlyCoreOffersGiveTagsOnRequest(t *testing.T) {
	for e := range cleeng.Endpoints() {
		if want := e.Method == "GET" && e.Template == "/3.1/offers/{offerId}"; e.Cache.Conditional != want {
			t.Errorf("%s %s: Conditional is %v", e.Method, e.Template, e.Cache.Conditional)
		}
	}
}
