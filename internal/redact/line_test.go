package redact

import (
	"encoding/json"
	"testing"
)

func TestLine(t *testing.T) {
	v := NewVault()
	v.Set("k", New("known-secret-1"), New(`"a","msg":"b"`), New("1234567890123"))
	r := NewRedactor(v, nil)
	tests := []struct{ in, want string }{
		{`{"msg":"x known-secret-1 jane@x.com"}` + "\n", `{"msg":"x [redacted] [redacted]"}` + "\n"},
		{`{"n":1234567890123}` + "\n", `{"n":"[redacted]"}` + "\n"},
		{`{"level":"a","msg":"b"}` + "\n", `"[redacted]"` + "\n"},
		{"{\"msg\":\"\u009b\xff\"}\n", `{"msg":"\u009b\\xff"}` + "\n"},
		{"level=INFO msg=known-secret-1\n", "level=INFO msg=[redacted]\n"},
		{"msg=\x1b[0m\n", `msg=\x1b[0m` + "\n"},
		{"", ""},
	}
	for _, tt := range tests {
		got := string(r.Line([]byte(tt.in)))
		if got != tt.want {
			t.Errorf("%q is logged as %q, want %q", tt.in, got, tt.want)
		}
		if tt.in != "" && tt.in[0] == '{' && !json.Valid([]byte(got)) {
			t.Errorf("%q is no JSON", got)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	v := NewVault()
	for i := range 10 {
		v.Set(string(rune('a'+i)), New("some-secret-of-a-credential-number-"+string(rune('a'+i))))
	}
	r := NewRedactor(v, NewMasker())
	line := []byte(`{"time":"2026-08-04T10:11:12.123456Z","level":"INFO","msg":"request","request_id":"0198c7f2-5b1e-7a3c-9d51-0f8e6b2a4c3d","client":"shop","upstream":"core","endpoint":"/offers/{offerId}","method":"GET","status":200,"source":"upstream","attempts":1,"queue_seconds":0.000012,"upstream_seconds":0.048211,"duration_seconds":0.048402,"sent_bytes":1533}` + "\n")
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		r.Line(line)
	}
}
