package cleeng_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func TestNormal(t *testing.T) {
	for _, p := range []string{
		"/", "/offers", "/offers/", "/offers/S123_US", "/3.1/offers", "/a.b/..c/c..", "/offers/S1/customers/a%40b.example",
		"/a%20b", "/%C3%A9", "/a+b", "/a:b@c", "/~x", "/-/x", "/a,b", "/a=b&c",
	} {
		if !cleeng.Normal(p) {
			t.Errorf("%s is not normal", p)
		}
	}
	for _, p := range []string{
		"", "offers", "//", "/a//b", "//a", "/a//", "/.", "/..", "/a/./b", "/a/../b", "/a/..", "/a/.", "/./",
		"/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/%2e%2e/a", "/%2E", "/.%2e", "/a%00", "/a%0a", "/a%7f", "/a%", "/a%4",
		"/a%zz", "/a b", "/a\tb", "/a\x00", "/a\x7f", "/é", "/a#b", "/a?b", "/a%252fb", "/a;x=1/b", "/a%3bx", "*", "http://x/",
	} {
		if cleeng.Normal(p) {
			t.Errorf("%q is normal", p)
		}
	}
}

func TestNormalDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(20, func() { _ = cleeng.Normal("/offers/S123456789_US/customers/a%40b.example") }); n != 0 {
		t.Errorf("Normal allocates %v times", n)
	}
}

// A normal path means the same to whoever decodes, cleans or splits it first.
func FuzzNormal(f *testing.F) {
	for _, s := range []string{"/a/%2e%2e/b", "/a/b%2fc", "/%41/b", "/a//b", "/3.1/offers/S1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if !cleeng.Normal(p) {
			return
		}
		decoded, err := url.PathUnescape(p)
		if err != nil {
			t.Fatalf("%q is normal and cannot be decoded: %v", p, err)
		}
		clean := path.Clean(decoded)
		if strings.HasSuffix(decoded, "/") && clean != "/" {
			clean += "/"
		}
		if clean != decoded {
			t.Fatalf("%q is normal, decodes to %q and cleans to %q", p, decoded, clean)
		}
		if strings.Count(decoded, "/") != strings.Count(p, "/") {
			t.Fatalf("%q is normal and has more segments when decoded", p)
		}
		if again, err := url.PathUnescape(decoded); err != nil || again != decoded {
			t.Fatalf("%q is normal and decodes twice", p)
		}
	})
}
