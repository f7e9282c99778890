package support

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

const maxErrorMessage = 300 // bytes of the vendor's words that are repeated

// ErrorMessage is what the answer's body says of the failure, in one line, ""
// if it says nothing: the members message, errors and error of the vendor's
// failures.
func ErrorMessage(rec *journal.Record) string {
	body := answer(rec).Body.Bytes
	if message := objectMessage(body); message != "" {
		return message
	}
	var batch []json.RawMessage
	if json.Unmarshal(body, &batch) == nil {
		for _, element := range batch {
			if message := objectMessage(element); message != "" {
				return message
			}
		}
	}
	return ""
}

func objectMessage(body []byte) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(body, &m) != nil {
		return ""
	}
	var parts []string
	add := func(text string) {
		if text = redact.Printable(strings.TrimSpace(text)); text != "" && !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	var text string
	if json.Unmarshal(m["code"], &text) == nil {
		add(text)
	}
	text = ""
	if json.Unmarshal(m["message"], &text) == nil {
		add(text)
	}
	var inner struct {
		Code    json.Number `json:"code"`
		Message string      `json:"message"`
	}
	if json.Unmarshal(m["error"], &inner) == nil {
		add(strings.TrimSpace(inner.Code.String() + " " + inner.Message))
	}
	var several []string
	if json.Unmarshal(m["errors"], &several) == nil {
		for _, one := range several {
			add(one)
		}
	}
	message := strings.Join(parts, "; ")
	if len(message) > maxErrorMessage {
		message = strings.ToValidUTF8(message[:maxErrorMessage], "") + "…"
	}
	return message
}
