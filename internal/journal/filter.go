package journal

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of how many records one listing shows.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// Filter chooses records. Fields with their zero value choose all.
type Filter struct {
	Status   int // exactly this one
	Class    int // 4 for 4xx
	Client   string
	Endpoint string    // catalogue template
	Since    time.Time // arrived then or later
}

// ParseFilter reads the parameters status (401 or 4xx), client, endpoint,
// since (RFC 3339) and limit. limit is [DefaultLimit] where none is given. An
// error names the parameter and what would be right.
func ParseFilter(q url.Values) (f Filter, limit int, err error) {
	f.Client, f.Endpoint = q.Get("client"), q.Get("endpoint")
	limit = DefaultLimit
	if v := q.Get("status"); v != "" {
		if f.Status, f.Class, err = parseStatus(v); err != nil {
			return Filter{}, 0, err
		}
	}
	if v := q.Get("since"); v != "" {
		if f.Since, err = time.Parse(time.RFC3339, v); err != nil {
			return Filter{}, 0, fmt.Errorf("since is no time; use RFC 3339 with a zone, such as %s", "2006-01-02T15:04:05Z")
		}
	}
	if v := q.Get("limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > MaxLimit {
			return Filter{}, 0, fmt.Errorf("limit is no number from 1 to %d", MaxLimit)
		}
	}
	return f, limit, nil
}

func parseStatus(v string) (status, class int, err error) {
	if digit, ok := strings.CutSuffix(strings.ToLower(v), "xx"); ok && len(digit) == 1 && digit >= "1" && digit <= "5" {
		return 0, int(digit[0] - '0'), nil
	}
	if status, err = strconv.Atoi(v); err != nil || len(v) != 3 || status < 100 || status > 599 {
		return 0, 0, fmt.Errorf("status is neither one such as 401 nor a class such as 4xx")
	}
	return status, 0, nil
}

// Match reports whether the filter chooses a record.
func (f *Filter) Match(s *Summary) bool {
	return (f.Status == 0 || s.Status == f.Status) &&
		(f.Class == 0 || s.Status/100 == f.Class) &&
		(f.Client == "" || s.Client == f.Client) &&
		(f.Endpoint == "" || s.Endpoint == f.Endpoint) &&
		(f.Since.IsZero() || !s.Time.Before(f.Since))
}
