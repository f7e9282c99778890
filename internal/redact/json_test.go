package redact

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 200) + `"x"` + strings.Repeat("}", 200)
	tests := []struct{ name, in, want string }{
		{"nothing to hide", ` { "title" : "A & B" , "n":1.50, "id":"S1_US" } `, ` { "title" : "A & B" , "n":1.50, "id":"S1_US" } `},
		{"by name", `{"email":"a","Refresh_Token":"b","n":{"FirstName":"c"},"country":"DE"}`, `{"email":"[redacted]","Refresh_Token":"[redacted]","n":{"FirstName":"[redacted]"},"country":"DE"}`},
		{"whole subtree", `{"address":{"line":["x",{"y":5}],"ok":true,"no":null,"e":""}}`, `{"address":{"line":["[redacted]",{"y":"[redacted]"}],"ok":true,"no":null,"e":""}}`},
		{"number", `{"pin":1234}`, `{"pin":"[redacted]"}`},
		{"forgotten value", `{"jwt":"undefined","token":"","publisherToken":"\"abc\""}`, `{"jwt":"undefined","token":"","publisherToken":"\"[redacted]\""}`},
		{"escaped name", `{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"[redacted]"}`},
		{"JSON in a string", `{"data":"{\"password\":\"x\",\"b\":[1]}"}`, `{"data":"{\"password\":\"[redacted]\",\"b\":[1]}"}`},
		{"JSON in JSON in a string", `["[\"{\\\"email\\\":\\\"x\\\"}\"]"]`, `["[\"{\\\"email\\\":\\\"[redacted]\\\"}\"]"]`},
		{"no JSON in a string", `{"data":"{hello"}`, `{"data":"{hello"}`},
		{"JSON-RPC", `[{"method":"m","params":{"customerToken":"x","offerId":"S1"},"id":1}]`, `[{"method":"m","params":{"customerToken":"[redacted]","offerId":"S1"},"id":1}]`},
		{"positional params", `{"method":"m","params":["x",{"y":2}]}`, `{"method":"m","params":["[redacted]",{"y":"[redacted]"}]}`},
		{"error code", `{"code":"USER0004","message":"no jane@x.com","errors":["bad"]}`, `{"code":"USER0004","message":"no [redacted]","errors":["bad"]}`},
		{"error code as number", `{"error":{"code":14,"message":"m"}}`, `{"error":{"code":14,"message":"m"}}`},
		{"code of ours", `{"code":"queue_full"}`, `{"code":"queue_full"}`},
		{"gift code", `{"code":"SUMMER2024"}`, `{"code":"[redacted]"}`},
		{"patterns", `{"a":"to jane@x.com","n":4111111111111111,"u":"https://x.com/?token=1&limit=2"}`, `{"a":"to [redacted]","n":"[redacted]","u":"https://x.com/?token=[redacted]&limit=2"}`},
		{"name that is a person", `{"jane@x.com":1}`, `{"[redacted]":1}`},
		{"control characters", "{\"a\":\"\u009b\u202e\x7f\"}\r\n", `{"a":"\u009b\u202e\u007f"}` + "\r\n"},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", `{"a":"\\xff"}`},
		{"cut in a shown string", `{"a":"xy`, `{"a":"xy`},
		{"cut in a hidden string", `{"jwt":"xy`, `{"jwt":"[redacted]`},
		{"cut in an escape", `{"jwt":"xy\`, `{"jwt":"[redacted]`},
		{"cut after a name", `{"jwt"`, `{"jwt"`},
		{"broken", `{"a":1,"password":hunter2}`, `{"a":1,"password":[redacted: 8 bytes that are no JSON]`},
		{"broken names", `{a:1}`, `{[redacted: 4 bytes that are no JSON]`},
		{"several documents", "{\"jwt\":\"x\"}\n{\"jwt\":\"y\"}\n", "{\"jwt\":\"[redacted]\"}\n{\"jwt\":\"[redacted]\"}\n"},
		{"too deep", deep, strings.Repeat(`{"a":`, maxDepth+1) + `"[redacted]"` + strings.Repeat("}", maxDepth+1)},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		got := string(plain().JSON([]byte(tt.in)))
		if got != tt.want {
			t.Errorf("%s:\n in   %s\n got  %s\n want %s", tt.name, tt.in, got, tt.want)
		}
		if json.Valid([]byte(tt.in)) && !json.Valid([]byte(got)) {
			t.Errorf("%s: no longer JSON: %s", tt.name, got)
		}
	}
}

func TestJSONWithKnownSecrets(t *testing.T) {
	v := NewVault()
	v.Set("k", New("123456789012345"), New(`":"x","b":"y-secret`), New(`ncanary-value`), New("plain-value-1"), New("ends-with-slash\\"))
	r := NewRedactor(v, nil)
	tests := []struct{ in, want string }{
		{`{"a":"x plain-value-1 y"}`, `{"a":"x [redacted] y"}`},
		{`{"plain-value-1":1}`, `{"[redacted]":1}`},
		{`{"n":123456789012345,"m":-1234567890123450}`, `{"n":"[redacted]","m":"[redacted]"}`},
		{`{"a":"x","b":"y-secret"}`, `"[redacted]"`},
		{`{"a":"\ncanary-value"}`, `{"a":"[redacted]"}`},
		{`{"a":"ends-with-slash\\"}`, `{"a":"[redacted]"}`},
		{`{"a":"{\"b\":\"plain-value-1\"}"}`, `{"a":"{\"b\":\"[redacted]\"}"}`},
		{`{"a":"plain-val`, `{"a":"[redacted]`},
	}
	for _, tt := range tests {
		if got := string(r.JSON([]byte(tt.in))); got != tt.want {
			t.Errorf("%s is shown as %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestShape(t *testing.T) {
	tests := []struct {
		name, in string
		failure  bool
		want     string
	}{
		{"types", `{"a":"héllo","b":1.5,"c":true,"d":null,"e":[],"f":{}}`, false, `{"a":"string(5)","b":"number","c":"bool","d":null,"e":[],"f":{}}`},
		{"sensitive names", `{"responseData":{"jwt":"abcd","password":1}}`, false, `{"responseData":{"jwt":"string(4)","password":"number"}}`},
		{"long list", `[1,2,3,{"a":4},5]`, false, `["number","number","number","2 more"]`},
		{"failure", `{"code":"AUTH0002","message":"jane@x.com is bad","errors":["e"],"responseData":{"code":"x"}}`, true, `{"code":"AUTH0002","message":"[redacted] is bad","errors":["e"],"responseData":{"code":"string(1)"}}`},
		{"no failure", `{"code":"AUTH0002","message":"m"}`, false, `{"code":"string(8)","message":"string(1)"}`},
		{"JSON-RPC failure", `[{"id":"1","error":{"code":3,"message":"m","data":{"email":"x"}}}]`, true, `[{"id":"string(1)","error":{"code":3,"message":"m","data":{"email":"[redacted]"}}}]`},
		{"gift code", `{"code":"SUMMER2024"}`, true, `{"code":"string(10)"}`},
		{"name that is a person", `{"jane@x.com":{"a":1}}`, false, `{"[redacted]":{"a":"number"}}`},
		{"no JSON", "hello jane", true, `"body(10)"`},
		{"cut", `{"a":"b`, true, `"body(7)"`},
		{"two documents", `{} {}`, true, `"body(5)"`},
		{"empty", "", true, `"body(0)"`},
	}
	for _, tt := range tests {
		got := string(plain().Shape([]byte(tt.in), tt.failure))
		if got != tt.want {
			t.Errorf("%s:\n got  %s\n want %s", tt.name, got, tt.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: no JSON: %s", tt.name, got)
		}
	}
	var wide strings.Builder
	wide.WriteString("{")
	for i := range 3 * shapeMembers {
		wide.WriteString(`"k` + strings.Repeat("x", i) + `":1,`)
	}
	got := plain().Shape([]byte(wide.String()+`"z":1}`), false)
	if !json.Valid(got) || !strings.HasSuffix(string(got), `"…":"129 more"}`) {
		t.Errorf("a wide object is described as %s", got)
	}
}

func TestBody(t *testing.T) {
	tests := []struct{ contentType, in, want string }{
		{"application/x-www-form-urlencoded", `[{"params":{"publisherToken":"x"}}]`, `[{"params":{"publisherToken":"[redacted]"}}]`},
		{"text/plain", ` {"jwt":"x"}`, ` {"jwt":"[redacted]"}`},
		{"application/problem+json", `"jane@x.com"`, `"[redacted]"`},
		{"application/x-www-form-urlencoded; charset=utf-8", "a=1&pass%77ord=x&email=&j=%7B%22jwt%22%3A%22abc%22%7D&bare", `a=1&pass%77ord=[redacted]&email=&j={"jwt":"[redacted]"}&[redacted]`},
		{"text/html", "<p>jane@x.com\x1b", `<p>[redacted]\x1b`},
		{"image/png", "\x89PNG", "[4 bytes of image/png]"},
		{"", "abc", "[3 bytes of unknown type]"},
		{"image/png", "", ""},
	}
	for _, tt := range tests {
		if got := string(plain().Body(tt.contentType, []byte(tt.in))); got != tt.want {
			t.Errorf("%s %q is shown as %q, want %q", tt.contentType, tt.in, got, tt.want)
		}
	}
}
