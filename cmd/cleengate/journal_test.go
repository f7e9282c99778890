package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
)

func TestWhichBodiesAreLogged(t *testing.T) {
	good, bad, refused := &journal.Exchange{Status: 200}, &journal.Exchange{Status: 401}, &journal.Exchange{Status: 200, Diagnosis: "credential_invalid"}
	for which, want := range map[config.LogBodies][3]bool{
		config.LogNoBodies: {}, config.LogFailedBodies: {false, true, true}, config.LogAllBodies: {true, true, true},
	} {
		if got := [3]bool{logsBodies(which, good), logsBodies(which, bad), logsBodies(which, refused)}; got != want {
			t.Errorf("%s: %v, want %v", which, got, want)
		}
	}
}

func TestLoggedMessages(t *testing.T) {
	var out bytes.Buffer
	logMessages(slog.New(slog.NewJSONHandler(&out, nil)), &journal.Record{
		Summary: journal.Summary{RequestID: "id-1", Diagnosis: "credential_invalid"},
		Request: journal.Message{
			Method: "POST", URL: "/3.1/offers", Header: []journal.Field{{Name: "Accept", Value: "a"}, {Name: "Via", Value: "b"}, {Name: "Via", Value: "c"}},
			Body: journal.Body{Form: journal.FormWhole, Size: 30, Cut: true, Bytes: []byte(`{"a":1`)},
		},
		Response: journal.Message{Status: 401, Body: journal.Body{Form: journal.FormNone}},
	})
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "messages", "request_id": "id-1", "diagnosis": "credential_invalid",
		"request": map[string]any{
			"method": "POST", "url": "/3.1/offers", "headers": map[string]any{"Accept": "a", "Via": []any{"b", "c"}},
			"body_bytes": 30.0, "body_form": "whole", "body_cut": true, "body": `{"a":1`,
		},
		"response": map[string]any{"status": 401.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the line differs (-want +got):\n%s", diff)
	}
}
