package telemetry

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// A limit has a bucket for each credential; the scrape must not fail over two
// of one name, and shows their sum.
func TestBucketsOfOneLimitAreAddedUp(t *testing.T) {
	m := NewMetrics("v1")
	m.Limits().Register(func() []LimitStat {
		return []LimitStat{
			{Name: "publisher", Depth: 2, Rate: 10, Source: "learned", Remaining: new(int64(3)), PausedUntil: time.Unix(50, 0), Rejected: map[string]int64{"paused": 1}},
			{Name: "mediastore", Rate: 5, Source: "configured"},
			{Name: "publisher", Depth: 1, Rate: 20, Source: "header", Remaining: new(int64(4)), PausedUntil: time.Unix(40, 0), Rejected: map[string]int64{"paused": 2, "odd": 7}},
			{Name: "publisher", Rate: 1, Source: "header"},
		}
	})
	want := `
# HELP cleengate_limit_paused_until_timestamp_seconds When the latest pause of the limit ends or ended. 0: there was none.
# TYPE cleengate_limit_paused_until_timestamp_seconds gauge
cleengate_limit_paused_until_timestamp_seconds{limit="mediastore"} 0
cleengate_limit_paused_until_timestamp_seconds{limit="publisher"} 50
# HELP cleengate_limit_rate Calls a second that may leave, by where the figure is from.
# TYPE cleengate_limit_rate gauge
cleengate_limit_rate{limit="mediastore",source="configured"} 5
cleengate_limit_rate{limit="publisher",source="header"} 21
cleengate_limit_rate{limit="publisher",source="learned"} 10
# HELP cleengate_limit_remaining Calls that the upstream still allows in the running window, as far as it says.
# TYPE cleengate_limit_remaining gauge
cleengate_limit_remaining{limit="publisher"} 7
# HELP cleengate_queue_depth Calls that wait for their turn.
# TYPE cleengate_queue_depth gauge
cleengate_queue_depth{limit="mediastore"} 0
cleengate_queue_depth{limit="publisher"} 3
# HELP cleengate_queue_rejected_total Calls refused because their turn would come too late, by reason.
# TYPE cleengate_queue_rejected_total counter
cleengate_queue_rejected_total{limit="mediastore",reason="draining"} 0
cleengate_queue_rejected_total{limit="mediastore",reason="patience_exceeded"} 0
cleengate_queue_rejected_total{limit="mediastore",reason="paused"} 0
cleengate_queue_rejected_total{limit="mediastore",reason="queue_full"} 0
cleengate_queue_rejected_total{limit="publisher",reason="draining"} 0
cleengate_queue_rejected_total{limit="publisher",reason="other"} 7
cleengate_queue_rejected_total{limit="publisher",reason="patience_exceeded"} 0
cleengate_queue_rejected_total{limit="publisher",reason="paused"} 3
cleengate_queue_rejected_total{limit="publisher",reason="queue_full"} 0
`
	if err := testutil.GatherAndCompare(m.Registry(), strings.NewReader(want), "cleengate_limit_paused_until_timestamp_seconds",
		"cleengate_limit_rate", "cleengate_limit_remaining", "cleengate_queue_depth", "cleengate_queue_rejected_total"); err != nil {
		t.Error(err)
	}
}

func TestCredentialsWithoutExpiryShowNone(t *testing.T) {
	m := everything()
	want := `
# HELP cleengate_credential_expiry_timestamp_seconds When the credential's present value expires.
# TYPE cleengate_credential_expiry_timestamp_seconds gauge
cleengate_credential_expiry_timestamp_seconds{credential="service"} 10
# HELP cleengate_credential_valid Whether the credential has a value that was not refused.
# TYPE cleengate_credential_valid gauge
cleengate_credential_valid{credential="publisher"} 0
cleengate_credential_valid{credential="service"} 1
`
	if err := testutil.GatherAndCompare(m.Registry(), strings.NewReader(want),
		"cleengate_credential_expiry_timestamp_seconds", "cleengate_credential_valid"); err != nil {
		t.Error(err)
	}
}
