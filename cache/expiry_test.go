package cache

import (
	"strings"
	"testing"
)

func TestExpiryOfTheAppsToken(t *testing.T) {
	c := newCache(t)
	for value, want := range map[string]int64{
		bearer(`{"exp":1700000000}`):   1700000000,
		bearer(`{"exp":1700000000.9}`): 1700000000,
		bearer(`{"exp":"soon"}`):       0,
		bearer(`{"exp":-1}`):           0,
		bearer(`{"exp":1e300}`):        0,
		bearer(`[]`):                   0,
		"Bearer a.b":                   0,
		"":                             0,
	} {
		call := getCall("/3.1/offers", "", "Authorization", value)
		c.Prepare(call, nil)
		if got := call.expiry(); want == 0 && !got.IsZero() || want != 0 && got.Unix() != want {
			t.Errorf("%s: %v", value, got)
		}
	}
}

// TestExpiryWhereverTheTokenIs puts it where no standard has it.
func TestExpiryWhereverTheTokenIs(t *testing.T) {
	c := newCache(t)
	jwt := strings.TrimPrefix(bearer(`{"exp":1700000000}`), "Bearer ")
	later := strings.TrimPrefix(bearer(`{"exp":1800000000}`), "Bearer ")
	for name, call := range map[string]*Call{
		"a header of its own":   getCall("/3.1/offers", "", "X-Customer-Token", jwt),
		"a cookie":              getCall("/3.1/offers", "", "Cookie", "theme=dark; jwt="+jwt+"; a=b"),
		"a quoted cookie":       getCall("/3.1/offers", "", "Cookie", `jwt="`+jwt+`"`),
		"the query":             getCall("/3.1/offers", "a=1&customerToken="+jwt+"&b=2"),
		"two of them":           getCall("/3.1/offers", "customerToken="+jwt, "Authorization", "Bearer "+later),
		"a second field's line": getCall("/3.1/offers", "", "Cookie", "a=b", "Cookie", "jwt="+jwt),
		"JSON-RPC":              rpcCall(t, `{"method":"getCustomer","params":{"customerToken":"`+jwt+`"},"id":1}`),
	} {
		c.Prepare(call, nil)
		if got := call.expiry(); got.Unix() != 1700000000 {
			t.Errorf("in %s: %v", name, got)
		}
	}
	batch := rpcCall(t, `[{"method":"getCustomer","params":{"customerToken":"`+later+`"},"id":1},{"method":"getCustomer","params":{"customerToken":"`+jwt+`"},"id":2}]`)
	c.Prepare(batch, nil)
	for i, want := range []int64{1800000000, 1700000000} {
		if el, ok := c.element(batch, i, nil); !ok || el.expiry().Unix() != want {
			t.Errorf("element %d does not end with its own token", i)
		}
	}
	for _, query := range []string{"host=a.b.c", "v=1.2.3&at=..", strings.Repeat("a.", 1000)} {
		call := getCall("/3.1/offers", query)
		c.Prepare(call, nil)
		if got := call.expiry(); !got.IsZero() {
			t.Errorf("%q ends at %v", query, got)
		}
	}
}
