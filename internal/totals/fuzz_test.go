package totals

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzDecode: whatever a file holds, what is read of it is plausible, and comes back
// the same from being written again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"cleengate_totals":1}` + "\n" + `{"start":"2026-11-24T12:00:00Z","peak_second":7,"rows":[{"upstream":"core","requests":100}]}`))
	f.Add([]byte(`{"cleengate_totals":2}` + "\n" + `{"start":"2026-11-24T12:00:00Z","limits":[{"limit":"a","waited_over":[1,2,3],"sent_peak":{"second":1,"second_at":3599}}],"rows":[{"bulk":3,"poll_seconds":1e9}]}`))
	f.Add([]byte(`{"cleengate_totals":3}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		hours, err := decode(bytes.NewReader(content))
		if err != nil {
			return
		}
		for i := range hours {
			if !hours[i].plausible() {
				t.Errorf("%+v", hours[i])
			}
			if _, err := json.Marshal(hours[i]); err != nil {
				t.Error(err)
			}
		}
	})
}
