package limiter_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

func TestPeekWithin(t *testing.T) {
	broken := errors.New("broken off")
	for name, tt := range map[string]struct {
		parts []string // one a second
		n     int64
		head  string
		came  bool
		err   error
	}{
		"all at once":        {parts: []string{"abc"}, n: 10, head: "abc", came: true},
		"more than asked":    {parts: []string{"abcdef"}, n: 3, head: "abc", came: true},
		"the rest is late":   {parts: []string{"abc", "", "", "def", "ghi"}, n: 100, head: "abc"},
		"nothing in time":    {parts: []string{"", "", "", "abc"}, n: 100},
		"it breaks off":      {parts: []string{"abc"}, n: 100, head: "abc", came: true, err: broken},
		"it breaks off late": {parts: []string{"abc", "", "", "def"}, n: 100, head: "abc", err: broken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				read, write := io.Pipe()
				go func() {
					for i, part := range tt.parts {
						if i > 0 {
							<-time.After(time.Second)
						}
						_, _ = io.WriteString(write, part)
					}
					_ = write.CloseWithError(tt.err)
				}()
				resp := &http.Response{Body: read}
				began := time.Now()
				head, came := limiter.PeekWithin(resp, tt.n, 1500*time.Millisecond)
				if string(head) != tt.head || came != tt.came || time.Since(began) > 1500*time.Millisecond {
					t.Errorf("%q, %v after %v", head, came, time.Since(began))
				}
				again, _ := limiter.PeekWithin(resp, tt.n, 0)
				if !strings.HasPrefix(tt.head, string(again)) {
					t.Errorf("a second look gives %q", again)
				}
				body, err := io.ReadAll(resp.Body)
				if string(body) != strings.Join(tt.parts, "") || !errors.Is(err, tt.err) {
					t.Errorf("the reader gets %q and %v", body, err)
				}
				if err := resp.Body.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Closing ends a read ahead that would never end.
func TestPeekWithinIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		resp := &http.Response{Body: read}
		if head, came := limiter.PeekWithin(resp, 10, time.Second); len(head) > 0 || came {
			t.Errorf("%q, %v", head, came)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if _, err := write.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the upstream's end is not closed: %v", err)
		}
	})
}
